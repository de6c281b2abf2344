import type { BytePath } from '../bytes/byte-path.ts';

/** The two halves of a directory hash: `major` orders the index, `minor` breaks ties. Both unsigned 32 bits. */
export interface NameHash {
  readonly major: number;
  readonly minor: number;
}

const secondConstant = 0o13240474631;
const thirdConstant = 0o15666365641;
const endOfHashes = 0x7fffffff;

/**
 * ext4's directory hash "half MD4" with signed characters (s_def_hash_version 1, EXT2_FLAGS_SIGNED_HASH), seeded
 * with the file system's four hash seed words. Format: Linux, Documentation/filesystems/ext4/directory.rst, "Hash Tree
 * Directories"; the rounds are those of RFC 1320 without round 3's second half.
 */
export function hashName(
  name: BytePath,
  seed: readonly [number, number, number, number],
): NameHash {
  let state = [...seed] as [number, number, number, number];
  for (let start = 0; start < name.length; start += 32)
    state = transform(state, wordsOf(name, start));
  let major = (state[1] & ~1) >>> 0;
  if (major === endOfHashes * 2) major = (endOfHashes - 1) * 2;
  return { major, minor: state[2] >>> 0 };
}

/** Eight words of the name from `start`, padded with its remaining length. */
function wordsOf(name: BytePath, start: number): Int32Array {
  const remaining = name.length - start;
  const lengthByte = remaining & 0xff;
  const padding = lengthByte | (lengthByte << 8) | (lengthByte << 16) | (lengthByte << 24);
  const words = new Int32Array(8).fill(padding);
  const used = Math.min(remaining, 32);
  let word = padding;
  for (let index = 0; index < used; index += 1) {
    const signed = (name.charCodeAt(start + index) << 24) >> 24;
    word = (signed + (word << 8)) | 0;
    if (index % 4 === 3) {
      words[index >> 2] = word;
      word = padding;
    }
  }
  if (used % 4 !== 0) words[used >> 2] = word;
  return words;
}

function transform(
  state: readonly [number, number, number, number],
  words: Int32Array,
): [number, number, number, number] {
  let [a, b, c, d] = state;
  const word = (index: number): number => words[index] as number;
  for (const base of [0, 4]) {
    a = round1(a, b, c, d, word(base), 3);
    d = round1(d, a, b, c, word(base + 1), 7);
    c = round1(c, d, a, b, word(base + 2), 11);
    b = round1(b, c, d, a, word(base + 3), 19);
  }
  for (const base of [1, 0]) {
    a = round2(a, b, c, d, word(base), 3);
    d = round2(d, a, b, c, word(base + 2), 5);
    c = round2(c, d, a, b, word(base + 4), 9);
    b = round2(b, c, d, a, word(base + 6), 13);
  }
  for (const base of [3, 1]) {
    a = round3(a, b, c, d, word(base), 3);
    d = round3(d, a, b, c, word(base + 4), 9);
    c = round3(c, d, a, b, word(base - 1), 11);
    b = round3(b, c, d, a, word(base + 3), 15);
  }
  return [(state[0] + a) | 0, (state[1] + b) | 0, (state[2] + c) | 0, (state[3] + d) | 0];
}

/** One step of a round: four words of the state, a word of input, a rotation. */
type Step = (w: number, x: number, y: number, z: number, input: number, shift: number) => number;

const round1: Step = (w, x, y, z, input, shift) => rotate(w + (z ^ (x & (y ^ z))) + input, shift);

const round2: Step = (w, x, y, z, input, shift) =>
  rotate(w + ((x & y) + ((x ^ y) & z)) + input + secondConstant, shift);

const round3: Step = (w, x, y, z, input, shift) =>
  rotate(w + (x ^ y ^ z) + input + thirdConstant, shift);

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
