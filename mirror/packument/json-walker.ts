import { isSpace } from './json-grammar.ts';
import type { JsonWalkerOptions } from './json-listener.ts';
import { createUtf8Check } from './utf8-check.ts';
import { readMark } from './walk-marks.ts';
import {
  carryText,
  readEscape,
  readHex,
  readLiteral,
  readNumber,
  readString,
} from './walk-scalars.ts';
import {
  atEnd,
  inEscape,
  inHex,
  inLiteral,
  inNumber,
  inString,
  newWalk,
  type Walk,
} from './walk-state.ts';

/**
 * Reads a JSON document (RFC 8259: UTF-8, no byte order mark) whose root is an object, in pieces cut anywhere, and tells a
 * listener of the places it cares for. Accepts what JSON.parse accepts, but for malformed UTF-8, for lone surrogates in texts
 * that are told, and for the limits. Memory is constant but for one text. `push` works synchronously: give
 * pieces of 64 KiB or less. Every failure is `packument_invalid` with the byte offset; then the walker is at an end.
 */
export interface JsonWalker {
  push(piece: Buffer): void;
  /** The end of the document. Gives its bytes. */
  finish(): number;
  /** Throws `packument_invalid`. */
  fail(offset: number, what: string): never;
}

export function createJsonWalker(options: JsonWalkerOptions): JsonWalker {
  const walk = newWalk(options);
  const utf8 = createUtf8Check();

  return {
    push(piece) {
      if (walk.base + piece.length > options.maxBytes)
        walk.fail(options.maxBytes, `has more than ${options.maxBytes} bytes`);
      readPiece(walk, piece);
      const bad = utf8.push(piece);
      if (bad !== null) walk.fail(bad, 'has malformed UTF-8');
      walk.base += piece.length;
    },
    finish() {
      if (walk.base === 0) walk.fail(0, 'is empty');
      const bad = utf8.finish();
      if (bad !== null) walk.fail(bad, 'has malformed UTF-8');
      if (walk.state !== atEnd) walk.fail(walk.base, 'ends too early');
      return walk.base;
    },
    fail: walk.fail,
  };
}

function readPiece(walk: Walk, piece: Buffer): void {
  const { length } = piece;
  let at = 0;
  while (at < length) {
    switch (walk.state) {
      case inString:
        at = readString(walk, piece, at);
        break;
      case inEscape:
        readEscape(walk, piece[at] as number, walk.base + at);
        at += 1;
        break;
      case inHex:
        readHex(walk, piece[at] as number, walk.base + at);
        at += 1;
        break;
      case inNumber:
        at = readNumber(walk, piece, at);
        break;
      case inLiteral:
        readLiteral(walk, piece[at] as number, walk.base + at);
        at += 1;
        break;
      default: {
        const byte = piece[at] as number;
        if (isSpace[byte] === 0) readMark(walk, byte, at);
        at += 1;
      }
    }
  }
  carryText(walk, piece);
}
