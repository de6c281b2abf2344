import type { FileHandle } from 'node:fs/promises';
import { writeFully } from '../../disk/write-fully.ts';
import { createLimiter } from '../../flow/limiter.ts';
import { chunkBytes } from '../../tree/inode.ts';

/** Writes chunks to their places in a raw disk; those that lie side by side and come in order in one write. */
export interface DiskRuns {
  /** The bytes must not be changed before `finish`. A failed write shows here or at `finish`. */
  write(index: number, plain: Buffer): Promise<void>;
  finish(): Promise<void>;
}

/** Chunks in one write, and writes under way: 4 MiB are held at the most. */
const chunksAtOnce = 16;
const writesAhead = 3;

export function createDiskRuns(file: FileHandle): DiskRuns {
  const writes = createLimiter(writesAhead);
  let start = 0;
  let run: Buffer[] = [];
  const flush = async (): Promise<void> => {
    const buffers = run;
    const position = start * chunkBytes;
    run = [];
    if (buffers.length > 0) await writes.enter(() => writeFully(file, buffers, position));
  };
  return {
    async write(index, plain) {
      if (index !== start + run.length || run.length >= chunksAtOnce) {
        await flush();
        start = index;
      }
      run.push(plain);
    },
    async finish() {
      await flush();
      await writes.drain();
    },
  };
}
