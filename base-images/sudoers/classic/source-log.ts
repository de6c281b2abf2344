import type {
  FileAndLine,
  SkipReason,
  SudoersDirectory,
  SudoersRead,
  SudoersSkip,
} from '../verdict.ts';

/** What was read, what was passed over, and whether it comes to an end. Each place and directive is kept once. */
export interface SourceLog {
  readonly reads: readonly SudoersRead[];
  readonly skips: readonly SudoersSkip[];
  readonly directories: readonly SudoersDirectory[];
  /** Includes lead to ever more includes. */
  readonly endless: boolean;
  read(read: SudoersRead, text: string): void;
  skip(path: string, why: SkipReason, from: FileAndLine | null): void;
  enter(path: string, from: FileAndLine): void;
}

/** As much is read in all; no sudoers files come near it, but a file that includes itself twice has many more. */
const maxOpened = 30_000;
const maxReadBytes = 16 * 1024 * 1024;

export function createSourceLog(): SourceLog {
  const reads = new Map<string, SudoersRead>();
  const skips = new Map<string, SudoersSkip>();
  const directories = new Map<string, SudoersDirectory>();
  let opened = 0;
  let readBytes = 0;
  return {
    get reads() {
      return [...reads.values()];
    },
    get skips() {
      return [...skips.values()];
    },
    get directories() {
      return [...directories.values()];
    },
    get endless() {
      return opened > maxOpened || readBytes > maxReadBytes;
    },
    read: (read, text) => {
      opened += 1;
      readBytes += text.length;
      const key = keyOf(read.path, read.from);
      if (!reads.has(key)) reads.set(key, read);
    },
    skip: (path, why, from) => void skips.set(keyOf(path, from), { path, why, from }),
    enter: (path, from) => void directories.set(keyOf(path, from), { path, from }),
  };
}

function keyOf(path: string, from: FileAndLine | null): string {
  return `${path}\n${from?.path}\n${from?.line}`;
}
