import { open } from 'node:fs/promises';
import { type Digest, digestOf } from '../src/index.ts';

/** Chunks counted over several disks: how many there are, and how many different ones. */
export interface ChunkCount {
  total: number;
  readonly distinct: Set<Digest>;
}

const chunkBytes = 65_536;
const readBytes = 4 * 1024 * 1024;

export function emptyCount(): ChunkCount {
  return { total: 0, distinct: new Set() };
}

/** Share of the chunks that stay when each is kept once. */
export function distinctShare(count: ChunkCount): number {
  return count.distinct.size / count.total;
}

/** Adds the chunks of 64 KiB of a raw disk; those of zeros do not count. */
export async function countDiskChunks(disk: string, count: ChunkCount): Promise<void> {
  await using file = await open(disk, 'r');
  const buffer = Buffer.alloc(readBytes);
  const zeros = Buffer.alloc(readBytes);
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, readBytes, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    if (buffer.subarray(0, bytesRead).equals(zeros.subarray(0, bytesRead))) continue;
    for (let at = 0; at < bytesRead; at += chunkBytes) {
      const chunk = buffer.subarray(at, Math.min(at + chunkBytes, bytesRead));
      if (chunk.equals(zeros.subarray(0, chunk.length))) continue;
      count.total += 1;
      count.distinct.add(digestOf(chunk));
    }
  }
}
