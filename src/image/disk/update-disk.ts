import { open } from 'node:fs/promises';
import type { Digest } from '../../digest/digest.ts';
import { chunkBytes } from '../../tree/inode.ts';
import { createDiskRuns } from './disk-runs.ts';
import type { ImageChunk, OpenImage } from '../open-image.ts';

/**
 * Turns a raw disk that holds the image `from` into one that holds `to`, which has a disk of the same size: only chunks
 * that differ are written. Nobody else may use the file meanwhile; after a failure it holds neither image.
 */
export async function updateDisk(
  change: { readonly path: string; readonly from: OpenImage; readonly to: OpenImage },
  signal?: AbortSignal,
): Promise<void> {
  const { written, cleared } = await changedChunks(change.from, change.to);
  const places = new Map<Digest, number[]>();
  for (const { digest, index } of written) {
    const known = places.get(digest);
    if (known === undefined) places.set(digest, [index]);
    else known.push(index);
  }
  await using file = await open(change.path, 'r+');
  const runs = createDiskRuns(file);
  const zeros = Buffer.alloc(chunkBytes);
  for (const index of cleared) await runs.write(index, zeros);
  for await (const { digest, plain } of change.to.readChunks(written, signal))
    for (const index of places.get(digest) ?? []) await runs.write(index, plain);
  await runs.finish();
}

async function changedChunks(
  from: OpenImage,
  to: OpenImage,
): Promise<{ written: ImageChunk[]; cleared: number[] }> {
  const before = new Map(from.root.pages);
  const after = new Map(to.root.pages);
  const written: ImageChunk[] = [];
  const cleared: number[] = [];
  for (const page of new Set([...before.keys(), ...after.keys()])) {
    if (before.get(page) === after.get(page)) continue;
    const old = new Map(
      (await from.chunksOfPage(page)).map((chunk) => [chunk.index, chunk.digest]),
    );
    for (const chunk of await to.chunksOfPage(page)) {
      if (old.get(chunk.index) !== chunk.digest) written.push(chunk);
      old.delete(chunk.index);
    }
    cleared.push(...old.keys());
  }
  return { written, cleared };
}
