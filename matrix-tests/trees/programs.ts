import type { Entry } from './tree.ts';

interface Machine {
  /** `e_machine` of the ELF header (System V ABI, "ELF Header"). */
  readonly elf: number;
  readonly dpkg: string;
  readonly apk: string;
}

const amd64: Machine = { elf: 62, dpkg: 'amd64', apk: 'x86_64' };
const machines: Readonly<Record<string, Machine>> = {
  x64: amd64,
  arm64: { elf: 183, dpkg: 'arm64', apk: 'aarch64' },
};

/** This machine, in the words of images. */
export const machine: Machine = machines[process.arch] ?? amd64;

/** A program of a tree that was made up: a header alone. It says what it is for, and cannot be run. */
export const program: Entry = { content: elfHeader(), mode: 0o755 };
export const setuidProgram: Entry = { content: elfHeader(), mode: 0o4755 };

function elfHeader(): Buffer {
  const header = Buffer.alloc(64);
  header.write('7f454c46020101', 'hex');
  header.writeUInt16LE(3, 16);
  header.writeUInt16LE(machine.elf, 18);
  header.writeUInt32LE(1, 20);
  return header;
}
