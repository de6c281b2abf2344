import {
  byteOf,
  isHexDigit,
  isPlain,
  isShortEscape,
  isWholeNumber,
  numberEnds,
  numberStep,
} from './json-grammar.ts';
import type { PlaceRule } from './json-listener.ts';
import {
  atColon,
  endValue,
  inEscape,
  inHex,
  inString,
  unexpected,
  type Walk,
} from './walk-state.ts';

/** Reads on in a string, to its end, an escape, or the end of the piece. Gives where to read on. */
export function readString(walk: Walk, piece: Buffer, from: number): number {
  const { length } = piece;
  let at = from;
  while (at < length && isPlain[piece[at] as number] === 1) at += 1;
  if (at === length) return at;
  const byte = piece[at];
  if (byte === byteOf.quote) endString(walk, piece, at);
  else if (byte === byteOf.backslash) walk.state = inEscape;
  else walk.fail(walk.base + at, 'has a control character in a string');
  return at + 1;
}

/** The piece ends: what it has of a wanted text is kept. */
export function carryText(walk: Walk, piece: Buffer): void {
  if (walk.isCaptured && walk.capture.carry(piece) > walk.options.maxTextBytes) tooLong(walk);
}

function endString(walk: Walk, piece: Buffer, at: number): void {
  const { isCaptured, isKey } = walk;
  walk.isCaptured = false;
  if (isKey) {
    walk.state = atColon;
    walk.place = isCaptured ? placeOfKey(walk, piece, at) : 0;
    return;
  }
  if (walk.place > 0) {
    const text = isCaptured ? textAt(walk, piece, at) : '';
    const range = { start: walk.stringStart, end: walk.base + at + 1 };
    walk.listener.string(walk.place, text, range);
  }
  endValue(walk, walk.base + at + 1);
}

function placeOfKey(walk: Walk, piece: Buffer, at: number): number {
  const place = walk.stack[walk.depth] as number;
  const { keyLengths } = walk.options.places[place - 1] as PlaceRule;
  const { capture } = walk;
  if (keyLengths !== -1 && !capture.hasEscape) {
    const length = capture.lengthAt(at);
    if (length > 30 || ((keyLengths >> length) & 1) === 0) return 0;
  }
  return walk.listener.key(place, textAt(walk, piece, at), walk.stringStart);
}

function textAt(walk: Walk, piece: Buffer, at: number): string {
  if (walk.capture.lengthAt(at) > walk.options.maxTextBytes) tooLong(walk);
  const text = walk.capture.textAt(piece, at);
  return text ?? walk.fail(walk.stringStart, 'has half a surrogate pair');
}

function tooLong(walk: Walk): never {
  const kind = walk.isKey ? 'key' : 'string';
  return walk.fail(
    walk.stringStart,
    `has a ${kind} of more than ${walk.options.maxTextBytes} bytes where none is that long`,
  );
}

export function readEscape(walk: Walk, byte: number, offset: number): void {
  walk.capture.escaped();
  if (isShortEscape[byte] === 1) {
    walk.state = inString;
  } else if (byte === byteOf.lowerU) {
    walk.state = inHex;
    walk.progress = 4;
  } else {
    walk.fail(offset, 'has a bad escape in a string');
  }
}

export function readHex(walk: Walk, byte: number, offset: number): void {
  if (isHexDigit[byte] === 0) unexpected(walk, byte, offset);
  walk.progress -= 1;
  if (walk.progress === 0) walk.state = inString;
}

export function readNumber(walk: Walk, piece: Buffer, from: number): number {
  for (let at = from; at < piece.length; at += 1) {
    const next = numberStep(walk.progress, piece[at] as number);
    if (next === numberEnds) {
      if (!isWholeNumber(walk.progress)) unexpected(walk, piece[at], walk.base + at);
      endValue(walk, walk.base + at);
      return at;
    }
    walk.progress = next;
  }
  return piece.length;
}

export function readLiteral(walk: Walk, byte: number, offset: number): void {
  if (byte !== walk.literal.charCodeAt(walk.progress)) unexpected(walk, byte, offset);
  walk.progress += 1;
  if (walk.progress === walk.literal.length) endValue(walk, offset + 1);
}

export function beginString(walk: Walk, at: number): void {
  walk.state = inString;
  walk.stringStart = walk.base + at;
  walk.capture.begin(at + 1);
}
