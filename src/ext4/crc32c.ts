const tables = makeTables();
const zerosOperators = makeZerosOperators();

/**
 * CRC-32C (Castagnoli) as ext4 uses it: starts from `seed` as it is and is not inverted at the end. ext4's first
 * seed is `crc32c(0xffffffff, uuid)`.
 */
export function crc32c(seed: number, bytes: Uint8Array, start = 0, end = bytes.length): number {
  const [t0, t1, t2, t3] = tables;
  let crc = seed;
  let index = start;
  for (; index + 4 <= end; index += 4) {
    crc ^=
      at(bytes, index) |
      (at(bytes, index + 1) << 8) |
      (at(bytes, index + 2) << 16) |
      (at(bytes, index + 3) << 24);
    crc =
      at(t3, crc & 0xff) ^
      at(t2, (crc >>> 8) & 0xff) ^
      at(t1, (crc >>> 16) & 0xff) ^
      at(t0, crc >>> 24);
  }
  for (; index < end; index += 1) crc = at(t0, (crc ^ at(bytes, index)) & 0xff) ^ (crc >>> 8);
  return crc >>> 0;
}

/** The CRC over a 32-bit number, little-endian. */
export function crc32cOfUint32(seed: number, value: number): number {
  const [t0] = tables;
  let crc = seed;
  for (let shift = 0; shift < 32; shift += 8) {
    crc = at(t0, (crc ^ (value >>> shift)) & 0xff) ^ (crc >>> 8);
  }
  return crc >>> 0;
}

/** The CRC over so many bytes of zeros, in steps of powers of two: most of a directory block is zeros. */
export function crc32cOfZeros(seed: number, count: number): number {
  let crc = seed;
  for (let left = count, power = 0; left > 0; left >>>= 1, power += 1) {
    if ((left & 1) === 1) crc = apply(zerosOperators[power] as Int32Array, crc);
  }
  return crc >>> 0;
}

/**
 * What 2^power bytes of zeros make of each bit of a CRC: zeros act on it linearly, so the effect of a CRC is the sum of
 * the effects of its bits.
 */
function makeZerosOperators(): readonly Int32Array[] {
  const [t0] = tables;
  let operator = Int32Array.from({ length: 32 }, (_, bit) => {
    const crc = 1 << bit;
    return at(t0, crc & 0xff) ^ (crc >>> 8);
  });
  return Array.from({ length: 32 }, () => {
    const known = operator;
    operator = known.map((effect) => apply(known, effect));
    return known;
  });
}

function apply(operator: Int32Array, crc: number): number {
  let sum = 0;
  for (let left = crc, bit = 0; left !== 0; left >>>= 1, bit += 1) {
    if ((left & 1) === 1) sum ^= at(operator, bit);
  }
  return sum;
}

function at(array: Uint8Array | Int32Array, index: number): number {
  return array[index] as number;
}

function makeTables(): readonly [Int32Array, Int32Array, Int32Array, Int32Array] {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    return crc;
  });
  const shifted = (previous: Int32Array): Int32Array =>
    previous.map((crc) => at(first, crc & 0xff) ^ (crc >>> 8));
  const second = shifted(first);
  const third = shifted(second);
  return [first, second, third, shifted(third)];
}
