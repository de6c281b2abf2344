import type { BytePath } from '../../src/index.ts';

/** The unit of `/`. */
export const slashUnit = 0x2f;

/**
 * A byte path as characters for matching: code points, and for each byte that is no UTF-8 a unit of its own beyond
 * them, so that `?` takes one character and damaged names still match.
 */
export function unitsOf(path: BytePath): readonly number[] {
  const units: number[] = [];
  let at = 0;
  while (at < path.length) {
    const { unit, length } = readUnit(path, at);
    units.push(unit);
    at += length;
  }
  return units;
}

const strayByte = 0x110000;

function readUnit(path: BytePath, at: number): { unit: number; length: number } {
  const first = path.charCodeAt(at);
  if (first < 0x80) return { unit: first, length: 1 };
  const length = sequenceLength(first);
  let unit = first & (0xff >> (length + 1));
  for (let index = 1; index < length; index += 1) {
    const next = path.charCodeAt(at + index);
    if (Number.isNaN(next) || (next & 0xc0) !== 0x80) return { unit: strayByte + first, length: 1 };
    unit = (unit << 6) | (next & 0x3f);
  }
  const shortest = [0, 0, 0x80, 0x800, 0x10000][length] ?? 0;
  const valid =
    length > 1 && unit >= shortest && unit <= 0x10ffff && !(unit >= 0xd800 && unit <= 0xdfff);
  return valid ? { unit, length } : { unit: strayByte + first, length: 1 };
}

function sequenceLength(first: number): number {
  if ((first & 0xe0) === 0xc0) return 2;
  if ((first & 0xf0) === 0xe0) return 3;
  return (first & 0xf8) === 0xf0 ? 4 : 1;
}
