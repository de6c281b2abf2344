import { AshlarError } from '../../src/index.ts';
import type { JsonListener, JsonWalkerOptions } from './json-listener.ts';
import { createTextCapture, type TextCapture } from './text-capture.ts';

/** What a walker waits for next. */
export const atStart = 0;
export const atValue = 1;
export const atFirstElement = 2;
export const atKey = 3;
export const atFirstKey = 4;
export const atColon = 5;
export const afterValue = 6;
export const atEnd = 7;
export const inString = 8;
export const inEscape = 9;
export const inHex = 10;
export const inNumber = 11;
export const inLiteral = 12;

/** Marks an array on the stack, where objects have their place. */
export const array = 255;

export interface Walk {
  readonly options: JsonWalkerOptions;
  readonly listener: JsonListener;
  readonly capture: TextCapture;
  readonly fail: (offset: number, what: string) => never;
  /** The open containers: the place of an object, or `array`. */
  readonly stack: Uint8Array;
  depth: number;
  state: number;
  /** The offset of the piece's first byte in the document. */
  base: number;
  /** The place of the value that is read or comes next. */
  place: number;
  /** The string that is read is a key. */
  isKey: boolean;
  /** The text of the string that is read is wanted. */
  isCaptured: boolean;
  /** The offset of the quote that began the string. */
  stringStart: number;
  /** The hex digits still to come, the automaton's state of a number, or the characters read of a literal. */
  progress: number;
  literal: string;
}

export function newWalk(options: JsonWalkerOptions): Walk {
  const fail = (offset: number, what: string): never => {
    throw new AshlarError('packument_invalid', `${options.subject} ${what}, at byte ${offset}`, {
      data: { offset },
    });
  };
  return {
    options,
    listener: options.listener,
    capture: createTextCapture(),
    fail,
    stack: new Uint8Array(options.maxDepth + 1),
    depth: 0,
    state: atStart,
    base: 0,
    place: 1,
    isKey: false,
    isCaptured: false,
    stringStart: 0,
    progress: 0,
    literal: '',
  };
}

export function endValue(walk: Walk, end: number): void {
  if (walk.depth === 0) {
    walk.state = atEnd;
    return;
  }
  walk.state = afterValue;
  walk.place = 0;
  const container = walk.stack[walk.depth] as number;
  if (container !== 0 && container !== array) walk.listener.memberEnd(container, end);
}

export function unexpected(walk: Walk, byte: number | undefined, offset: number): never {
  return walk.fail(offset, `has ${show(byte ?? 0)} where JSON has none`);
}

export function show(byte: number): string {
  const isPrintable = byte > 0x20 && byte < 0x7f;
  return isPrintable
    ? `"${String.fromCharCode(byte)}"`
    : `byte 0x${byte.toString(16).padStart(2, '0')}`;
}
