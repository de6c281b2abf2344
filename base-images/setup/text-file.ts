import type { Draft } from './draft.ts';
import type { BytePath } from '../../src/index.ts';

export { linesOf } from '../text/lines.ts';

/** Configuration files are bytes: what is not ASCII in them stays as it is. */
export function textOf(bytes: Buffer | null): string {
  return bytes?.toString('latin1') ?? '';
}

export function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

export async function readText(draft: Draft, path: BytePath): Promise<string | null> {
  const bytes = await draft.read(path);
  return bytes === null ? null : textOf(bytes);
}

/** The text with these lines after it; a last line that has no end gets one first. */
export function withLines(text: string, lines: readonly string[]): string {
  const ended = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return ended + lines.map((line) => `${line}\n`).join('');
}
