import { invalidTar, type TarPlace } from './tar-place.ts';

/** A numeric field of a header block: its name in messages, where it starts, how long it is. */
export interface NumberField {
  readonly name: string;
  readonly start: number;
  readonly length: number;
}

/**
 * Reads a numeric field: octal digits between blanks (POSIX.1-2017, pax, "ustar Interchange Format"), or
 * GNU's base-256 in two's complement when the first byte is 0x80 or 0xff (GNU tar manual, "Extensions"). A
 * field of blanks alone (spaces, NULs) is 0. Throws `layer_invalid` for anything else, digits behind a blank
 * included, and for magnitudes beyond 2^53-1. The number may be negative.
 */
export function headerNumber(block: Buffer, field: NumberField, place: TarPlace): number {
  const end = field.start + field.length;
  let at = field.start;
  let byte = block[at] ?? 0;
  if (byte === 0x80 || byte === 0xff) return base256(block, field, place);
  while (byte === space && at < end) byte = block[++at] ?? 0;
  let value = 0;
  while (at < end && byte >= digit0 && byte <= digit7) {
    value = value * 8 + (byte - digit0);
    byte = block[++at] ?? 0;
  }
  while (at < end) {
    if (byte !== space && byte !== 0) throw garbage(block, field, place);
    byte = block[++at] ?? 0;
  }
  return value;
}

/** As `headerNumber`, and throws `layer_invalid` outside of 0 to `max`. */
export function headerNumberUpTo(
  block: Buffer,
  field: NumberField,
  max: number,
  place: TarPlace,
): number {
  const value = headerNumber(block, field, place);
  if (value < 0 || value > max) throw outOfRange(field.name, value, place);
  return value;
}

export function outOfRange(name: string, value: number, place: TarPlace): Error {
  const reason = value < 0 ? 'is negative' : 'is too large';
  return invalidTar(place, `the ${name} ${reason}: ${value}`);
}

const space = 0x20;
const digit0 = 0x30;
const digit7 = 0x37;

function base256(block: Buffer, field: NumberField, place: TarPlace): number {
  const negative = block[field.start] === 0xff;
  let magnitude = 0;
  for (let at = field.start + 1; at < field.start + field.length; at++) {
    const byte = block[at] ?? 0;
    magnitude = magnitude * 256 + (negative ? 255 - byte : byte);
  }
  const value = negative ? -magnitude - 1 : magnitude;
  if (!Number.isSafeInteger(value)) throw invalidTar(place, `the ${field.name} is beyond 2^53-1`);
  return value;
}

function garbage(block: Buffer, field: NumberField, place: TarPlace): Error {
  const bytes = block.subarray(field.start, field.start + field.length);
  const shown = JSON.stringify(bytes.toString('latin1'));
  return invalidTar(place, `the ${field.name} is not a number: ${shown}`);
}
