import { open, rm } from 'node:fs/promises';
import type { Digest } from '../digest/digest.ts';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';
import { chunkBytes } from '../tree/inode.ts';
import { namingDamage } from './naming-damage.ts';
import type { ImageStore } from './image-store.ts';
import type { ImageChunk, OpenImage } from './open-image.ts';

/**
 * Writes the image as a sparse raw disk: a file that a loop device or a virtual machine can use. Every chunk is checked.
 * An existing file is refused (`invalid_request`); a failure removes what was written.
 */
export async function exportDisk(
  imageStore: ImageStore,
  image: OpenImage,
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  const file = await open(path, 'wx', 0o644).catch((error: unknown) => {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
    throw new AshlarError('invalid_request', `the file ${path} exists already`, {
      data: { path },
      hint: 'Remove it or name another file.',
      cause: error,
    });
  });
  try {
    await using handle = file;
    await handle.truncate(image.root.diskBytes);
    const positions = new Map<Digest, number[]>();
    const chunks: ImageChunk[] = [];
    for await (const chunk of image.chunks()) {
      const known = positions.get(chunk.digest);
      if (known === undefined) {
        positions.set(chunk.digest, [chunk.index]);
        chunks.push(chunk);
      } else known.push(chunk.index);
    }
    for await (const { digest, plain } of imageStore.reader.readMany(chunks, signal)) {
      for (const index of positions.get(digest) ?? [])
        await handle.write(plain, 0, chunkBytes, index * chunkBytes);
    }
  } catch (error) {
    await rm(path, { force: true });
    const code = systemErrorCode(error);
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new AshlarError('disk_full', `no space left for the disk ${path}`, {
        data: { path },
        cause: error,
      });
    }
    throw await nameFiles(image, error);
  }
}

/** Adds the image and its files to an error about a damaged chunk. */
async function nameFiles(image: OpenImage, error: unknown): Promise<unknown> {
  const digest = error instanceof AshlarError ? error.data['digest'] : undefined;
  if (typeof digest !== 'string') return error;
  return namingDamage({ image: image.digest, chunk: digest as Digest, tree: image.tree }, () =>
    Promise.reject(error as Error),
  ).catch((named: unknown) => named);
}
