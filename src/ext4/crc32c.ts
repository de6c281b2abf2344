const tables = makeTables();

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
