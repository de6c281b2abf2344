import { type FileHandle, open, rm } from 'node:fs/promises';
import type { Digest } from '../../digest/digest.ts';
import { AshlarError, systemErrorCode } from '../../errors/ashlar-error.ts';
import { createDiskRuns } from './disk-runs.ts';
import type { ImageChunk, OpenImage } from '../open-image.ts';

/**
 * Writes the image as a sparse raw disk: a file that a loop device or a virtual machine can use. Every chunk is checked.
 * An existing file, and a place where none can be made, are refused (`invalid_request`); a failure (damage of the image,
 * `disk_full`, the reason of `signal`) removes what was written.
 */
export async function exportDisk(
  image: OpenImage,
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  const file = await createFile(path);
  try {
    await using handle = file;
    await handle.truncate(image.root.diskBytes);
    const { chunks, places } = await planExport(image);
    const runs = createDiskRuns(handle);
    for await (const { digest, plain } of image.readChunks(chunks, signal))
      for (const index of places.get(digest) ?? []) await runs.write(index, plain);
    await runs.finish();
  } catch (error) {
    await rm(path, { force: true });
    throw writeFailure(path, error);
  }
}

/** Each distinct chunk once, and all places of each. */
async function planExport(
  image: OpenImage,
): Promise<{ chunks: ImageChunk[]; places: Map<Digest, number[]> }> {
  const places = new Map<Digest, number[]>();
  const chunks: ImageChunk[] = [];
  for await (const chunk of image.chunks()) {
    const known = places.get(chunk.digest);
    if (known !== undefined) {
      known.push(chunk.index);
      continue;
    }
    places.set(chunk.digest, [chunk.index]);
    chunks.push(chunk);
  }
  return { chunks, places };
}

async function createFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o644);
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw writeFailure(path, error);
    throw new AshlarError('invalid_request', `the file ${path} exists already`, {
      data: { path },
      hint: 'Remove it or name another file.',
      cause: error,
    });
  }
}

/** What a system error in making or writing the file means; other errors as they are. */
function writeFailure(path: string, error: unknown): unknown {
  const code = error instanceof AshlarError ? undefined : systemErrorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AshlarError('disk_full', `no space left for the disk ${path}`, {
      data: { path },
      hint: 'Free space there, or write to another disk.',
      cause: error,
    });
  }
  if (code === undefined || code === 'ABORT_ERR') return error;
  return new AshlarError('invalid_request', `the disk ${path} cannot be written (${code})`, {
    data: { path },
    hint: 'Name a file in a directory that exists and that this user can write.',
    cause: error,
  });
}
