import type { BytePath } from '../../src/index.ts';

/** One file, in few words; a string is a file of this text. The mode is 0644, of directories 0755, the owner root, where they are left out. */
export type ReconstructedFile =
  | string
  | ({ readonly content: string | Buffer } & Owned)
  | ({ readonly directory: true } & Owned)
  | ({ readonly target: BytePath } & Owned);

interface Owned {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** By path without a leading slash. Directories on the way are made, 0755 of root. */
export type ReconstructedTree = Readonly<Record<BytePath, ReconstructedFile>>;
