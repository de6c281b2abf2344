/** ELF, "Program Header": the segment that names the loader of a dynamic program. */
const interpreterSegment = 3;

/**
 * Is it a program of this byte order that asks for no loader? Source: System V ABI, chapters "Object Files" and "Program
 * Loading and Dynamic Linking", for 32 and 64 bits.
 */
export function isStaticProgram(bytes: Buffer): boolean {
  const isElf = bytes.length >= 64 && bytes.readUInt32BE(0) === 0x7f454c46;
  // EI_DATA 1 is little-endian, as are all architectures that Ashlar runs on.
  if (!isElf || bytes[5] !== 1) return false;
  const is64 = bytes[4] === 2;
  const offset = is64 ? Number(bytes.readBigUInt64LE(32)) : bytes.readUInt32LE(28);
  const sizeBytes = bytes.readUInt16LE(is64 ? 54 : 42);
  const count = bytes.readUInt16LE(is64 ? 56 : 44);
  if (count === 0 || offset + count * sizeBytes > bytes.length || sizeBytes < 4) return false;
  for (let index = 0; index < count; index += 1) {
    if (bytes.readUInt32LE(offset + index * sizeBytes) === interpreterSegment) return false;
  }
  return true;
}
