import type { FileAndLine } from '../verdict.ts';
import type { ClassicFeatures } from './classic-features.ts';

/** A sudoers file while it is read. */
export interface Frame {
  readonly path: string;
  readonly text: string;
  /** Where the next line begins in the text. */
  offset: number;
  /** The line at hand, with its newline; empty before the first. */
  line: string;
  /** Where in the line the next token begins. */
  at: number;
  /** What error messages show as the token's place, which is not always where it stands. */
  tokenStart: number;
  tokenEnd: number;
  /** Counts from 1. */
  lineNumber: number;
  /** Files of the same includedir that come after this one. */
  readonly more: readonly PendingFile[];
}

/** A file of an included directory whose turn has not come. Null where it cannot be read; `open` has said why. */
export type PendingFile = () => { readonly path: string; readonly text: string } | null;

export function newFrame(
  file: { path: string; text: string },
  more: readonly PendingFile[],
): Frame {
  return { ...file, offset: 0, line: '', at: 0, tokenStart: 0, tokenEnd: 0, lineNumber: 1, more };
}

/** Takes the next line to hand. False at the end of the file. */
export function readLine(frame: Frame, features: ClassicFeatures): boolean {
  if (frame.offset >= frame.text.length) return false;
  const newline = frame.text.indexOf('\n', frame.offset);
  const end = newline === -1 ? frame.text.length : newline + 1;
  let line = frame.text.slice(frame.offset, end);
  const nul = features.nulEndsLine ? line.indexOf('\0') : -1;
  if (nul !== -1) line = `${line.slice(0, nul)}\n`;
  else if (newline === -1 && features.entriesEndWithLine) line += '\n';
  frame.offset = end;
  frame.line = line;
  frame.at = 0;
  frame.tokenStart = 0;
  frame.tokenEnd = 0;
  return true;
}

export function placeOf(frame: Frame): FileAndLine {
  return { path: frame.path, line: frame.lineNumber };
}
