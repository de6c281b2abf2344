import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AshlarError,
  type Digest,
  exportDisk,
  openImage,
  type OpenImage,
  systemErrorCode,
  updateDisk,
} from '../../src/index.ts';
import { createStepDirectory } from '../run/step-directory.ts';
import type { BuildSession } from './build-session.ts';

/** The raw disk that RUN steps of a stage are mounted on. It follows the stage from step to step. */
export interface StageDisk extends AsyncDisposable {
  /** A file that holds this image; not to be written to, and good until the next call. */
  holding(image: OpenImage): Promise<string>;
  /** The directory that the disk lies in: a sweep removes it should this process be killed. */
  directory(): Promise<string>;
}

/** Cached disks that are looked at to find the nearest. */
const candidates = 8;

/**
 * A disk that is made at first use, of the nearest one in the cache where there is one, and later brought up to date by
 * the chunks that changed. While it is used it lies in a directory that a sweep removes should this process be killed;
 * afterwards it goes back to the cache. Throws `disk_full`, and the codes of reading the image.
 */
export function createStageDisk(session: BuildSession): StageDisk {
  const { signal } = session;
  const cleanup = new AsyncDisposableStack();
  let made: string | undefined;
  let held: OpenImage | undefined;
  const directory = async (): Promise<string> => {
    made ??= cleanup.use(await createStepDirectory(session.workRoot)).path;
    return made;
  };
  const bring = async (image: OpenImage, path: string): Promise<void> => {
    const from = held ?? (await claimNearest(session, image, path));
    // Until it is done the file holds neither image.
    held = undefined;
    if (from === undefined || !(await follow(session, { path, from, to: image }))) {
      await rm(path, { force: true });
      await exportDisk(image, path, signal);
    }
    held = image;
  };
  return {
    directory,
    async holding(image) {
      const path = join(await directory(), 'disk.raw');
      if (held?.digest !== image.digest)
        await session.ledger.span('mount', 'disk', () => bring(image, path));
      return path;
    },
    [Symbol.asyncDispose]: () =>
      session.ledger.span('cleanup', 'disk', async () => {
        if (made !== undefined && held !== undefined)
          await session.diskCache.keep(join(made, 'disk.raw'), held.digest);
        await cleanup.disposeAsync();
      }),
  };
}

/**
 * Brings a disk up to date. False when the image that it holds cannot be read any more, which is no harm to the image
 * that is wanted.
 */
async function follow(
  { signal }: BuildSession,
  change: { path: string; from: OpenImage; to: OpenImage },
): Promise<boolean> {
  try {
    await updateDisk(change, signal);
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AshlarError) return false;
    const code = systemErrorCode(error);
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
    throw new AshlarError('disk_full', `no space left for the disk ${change.path}`, {
      data: { path: change.path },
      cause: error,
    });
  }
}

/** Takes the cached disk that has the most pages in common with an image, if there is one of the same size. */
async function claimNearest(
  session: BuildSession,
  image: OpenImage,
  path: string,
): Promise<OpenImage | undefined> {
  const wanted = new Set(image.root.pages.map(([page, digest]) => `${page}:${digest}`));
  let best: { disk: { image: Digest; path: string }; image: OpenImage; shared: number } | undefined;
  for (const disk of (await session.diskCache.list()).slice(0, candidates)) {
    const candidate = await openIfThere(session, disk.image);
    if (candidate === undefined || candidate.root.diskBytes !== image.root.diskBytes) continue;
    const shared = candidate.root.pages.filter(([page, digest]) =>
      wanted.has(`${page}:${digest}`),
    ).length;
    if (best === undefined || shared > best.shared) best = { disk, image: candidate, shared };
  }
  if (best === undefined || !(await session.diskCache.claim(best.disk, path))) return undefined;
  const { size } = await stat(path);
  return size === image.root.diskBytes ? best.image : undefined;
}

async function openIfThere(session: BuildSession, digest: Digest): Promise<OpenImage | undefined> {
  try {
    return await openImage(session.imageStore, digest);
  } catch (error) {
    session.signal.throwIfAborted();
    // Collected, damaged, or of another store: then its disk is of no use here.
    if (error instanceof AshlarError) return undefined;
    throw error;
  }
}
