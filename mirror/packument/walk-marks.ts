import { byteOf, literals, numberEnds, numberStart, numberStep } from './json-grammar.ts';
import { beginString } from './walk-scalars.ts';
import {
  afterValue,
  array,
  atColon,
  atFirstElement,
  atFirstKey,
  atKey,
  atStart,
  atValue,
  endValue,
  inLiteral,
  inNumber,
  show,
  unexpected,
  type Walk,
} from './walk-state.ts';

/** A byte between strings, numbers and literals that is no white space. */
export function readMark(walk: Walk, byte: number, at: number): void {
  const offset = walk.base + at;
  switch (walk.state) {
    case atStart:
      if (byte !== byteOf.openBrace) walk.fail(offset, `begins with ${show(byte)}, not as JSON`);
      return openObject(walk, offset);
    case atFirstElement:
      if (byte === byteOf.closeBracket) return close(walk, offset);
      return beginValue(walk, byte, at);
    case atValue:
      return beginValue(walk, byte, at);
    case atFirstKey:
      if (byte === byteOf.closeBrace) return close(walk, offset);
      return beginKey(walk, byte, at);
    case atKey:
      return beginKey(walk, byte, at);
    case atColon:
      if (byte !== byteOf.colon) unexpected(walk, byte, offset);
      walk.state = atValue;
      return;
    case afterValue:
      return readAfterValue(walk, byte, offset);
    default:
      walk.fail(offset, `goes on with ${show(byte)} after its end`);
  }
}

function beginKey(walk: Walk, byte: number, at: number): void {
  if (byte !== byteOf.quote) unexpected(walk, byte, walk.base + at);
  beginString(walk, at);
  walk.isKey = true;
  walk.isCaptured = (walk.stack[walk.depth] as number) > 0;
}

function beginValue(walk: Walk, byte: number, at: number): void {
  if (byte === byteOf.quote) {
    beginString(walk, at);
    walk.isKey = false;
    walk.isCaptured = walk.place > 0 && walk.options.places[walk.place - 1]?.hasText === true;
    return;
  }
  const offset = walk.base + at;
  if (byte === byteOf.openBrace) return openObject(walk, offset);
  if (walk.place > 0) walk.listener.other(walk.place, byte, offset);
  if (byte === byteOf.openBracket) {
    push(walk, array, offset);
    walk.state = atFirstElement;
    walk.place = 0;
    return;
  }
  const literal = literals.get(byte);
  if (literal !== undefined) {
    walk.state = inLiteral;
    walk.literal = literal;
    walk.progress = 1;
    return;
  }
  walk.state = inNumber;
  walk.progress = numberStep(numberStart, byte);
  if (walk.progress === numberEnds) unexpected(walk, byte, offset);
}

function openObject(walk: Walk, offset: number): void {
  push(walk, walk.place, offset);
  walk.state = atFirstKey;
  if (walk.place > 0) walk.listener.object(walk.place, offset);
}

function push(walk: Walk, container: number, offset: number): void {
  if (walk.depth === walk.options.maxDepth)
    walk.fail(offset, `is nested more than ${walk.options.maxDepth} deep`);
  walk.depth += 1;
  walk.stack[walk.depth] = container;
}

function readAfterValue(walk: Walk, byte: number, offset: number): void {
  const isArray = walk.stack[walk.depth] === array;
  if (byte === byteOf.comma) walk.state = isArray ? atValue : atKey;
  else if (byte === (isArray ? byteOf.closeBracket : byteOf.closeBrace)) close(walk, offset);
  else unexpected(walk, byte, offset);
}

function close(walk: Walk, offset: number): void {
  walk.depth -= 1;
  endValue(walk, offset + 1);
}
