/** Machines of the ELF header (System V ABI, "ELF Header", `e_machine`) in OCI's words, where the bytes are little-endian. */
const littleEndian: ReadonlyMap<number, string> = new Map([
  [3, '386'],
  [21, 'ppc64le'],
  [40, 'arm'],
  [62, 'amd64'],
  [183, 'arm64'],
  [243, 'riscv64'],
  [258, 'loong64'],
]);
const bigEndian: ReadonlyMap<number, string> = new Map([
  [21, 'ppc64'],
  [22, 's390x'],
]);

/** The architecture that a program is for; null for what is no ELF program of one that is known. */
export function architectureOfElf(program: Buffer): string | null {
  if (program.length < 20 || program.readUInt32BE(0) !== 0x7f454c46) return null;
  if (program[5] === 1) return littleEndian.get(program.readUInt16LE(18)) ?? null;
  return bigEndian.get(program.readUInt16BE(18)) ?? null;
}
