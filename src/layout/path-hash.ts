import type { BytePath } from '../bytes/byte-path.ts';

/**
 * A 32-bit hash of a path that decides where the layout cuts and where it places: FNV-1a over the bytes, then the
 * finalizer of MurmurHash3 so that every output bit depends on every input bit. It is part of the image format. It
 * resists no attacker, and need not: a bad distribution costs dedup, not correctness.
 */
export function pathHash(path: BytePath, salt: number): number {
  let hash = (0x811c9dc5 ^ salt) >>> 0;
  for (let index = 0; index < path.length; index += 1) {
    hash = Math.imul(hash ^ path.charCodeAt(index), 0x01000193);
  }
  return finalize(hash);
}

/** Another 32-bit hash made of one. */
export function remix(hash: number): number {
  return finalize(hash ^ 0x9e3779b9);
}

function finalize(bits: number): number {
  let hash = bits ^ (bits >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return hash >>> 0;
}
