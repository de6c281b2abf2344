import type { ReconstructedFile } from './reconstructed-tree.ts';

/** What a reconstruction is for, in OCI's words, which are those of dpkg, too. */
export const architectures = ['amd64', 'arm64'] as const;

export type Architecture = (typeof architectures)[number];

export interface Machine {
  readonly architecture: Architecture;
  /** The loader of programs, without a leading slash. */
  readonly loader: string;
  /** A header alone: it says what it is for, and cannot be run. */
  readonly program: ReconstructedFile;
  readonly setuidProgram: ReconstructedFile;
}

/** `e_machine` of the ELF header (System V ABI, "ELF Header"). */
const words: Readonly<Record<Architecture, { readonly elf: number; readonly loader: string }>> = {
  amd64: { elf: 62, loader: 'lib64/ld-linux-x86-64.so.2' },
  arm64: { elf: 183, loader: 'lib/ld-linux-aarch64.so.1' },
};

export function machineOf(architecture: Architecture): Machine {
  const { elf, loader } = words[architecture];
  const content = elfHeader(elf);
  return {
    architecture,
    loader,
    program: { content, mode: 0o755 },
    setuidProgram: { content, mode: 0o4755 },
  };
}

/** 64 bits, little-endian, a shared object without segments. */
function elfHeader(elfMachine: number): Buffer {
  const header = Buffer.alloc(64);
  header.write('7f454c46020101', 'hex');
  header.writeUInt16LE(3, 16);
  header.writeUInt16LE(elfMachine, 18);
  header.writeUInt32LE(1, 20);
  return header;
}
