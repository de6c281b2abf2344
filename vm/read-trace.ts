import { chunkBytes } from '../src/index.ts';
import type { BlockSource } from './block-source.ts';

/** A source that keeps account of what is read through it. */
export interface ReadTrace {
  readonly source: BlockSource;
  /** Bytes asked for, repeated reads included. */
  readonly readBytes: () => number;
  /** Indexes of 64 KiB chunks, in the order in which each was first asked for. */
  readonly readChunks: () => readonly number[];
}

export function traceReads(inner: BlockSource): ReadTrace {
  let readBytes = 0;
  const chunks = new Set<number>();
  return {
    source: {
      sizeBytes: inner.sizeBytes,
      read(offset, lengthBytes) {
        readBytes += lengthBytes;
        const end = offset + lengthBytes;
        for (let index = Math.floor(offset / chunkBytes); index * chunkBytes < end; index += 1) {
          chunks.add(index);
        }
        return inner.read(offset, lengthBytes);
      },
    },
    readBytes: () => readBytes,
    readChunks: () => [...chunks],
  };
}
