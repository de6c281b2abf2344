import { join } from 'node:path';
import {
  AshlarError,
  type Digest,
  exportDisk,
  openImage,
  type OpenImage,
  updateDisk,
} from '../../src/index.ts';
import { createStepDirectory } from '../run/step-directory.ts';
import type { BuildSession } from './build-session.ts';

/** The raw disk that RUN steps of a stage are mounted on. It follows the stage from step to step. */
export interface StageDisk extends AsyncDisposable {
  /** A file that holds this image; not to be written to, and good until the next call. */
  holding(image: OpenImage): Promise<string>;
}

/** Cached disks that are looked at to find the nearest. */
const candidates = 8;

/**
 * A disk that is made at first use, of the nearest one in the cache where there is one, and later brought up to date by
 * the chunks that changed. While it is used it lies in a directory that a sweep removes should this process be killed;
 * afterwards it goes back to the cache.
 */
export function createStageDisk(session: BuildSession): StageDisk {
  const { imageStore, signal } = session;
  const cleanup = new AsyncDisposableStack();
  let path: string | undefined;
  let held: OpenImage | undefined;
  const bring = async (image: OpenImage): Promise<string> => {
    path ??= join(cleanup.use(await createStepDirectory(session.workRoot)).path, 'disk.raw');
    const from = held ?? (await claimNearest(session, image, path));
    // Until it is done the file holds neither image.
    held = undefined;
    if (from === undefined) await exportDisk(imageStore, image, path, signal);
    else await updateDisk(imageStore, { path, from, to: image }, signal);
    held = image;
    return path;
  };
  return {
    holding: async (image) => {
      if (path !== undefined && held?.digest === image.digest) return path;
      return session.ledger.span('mount', 'disk', () => bring(image));
    },
    [Symbol.asyncDispose]: () =>
      session.ledger.span('cleanup', 'disk', async () => {
        if (path !== undefined && held !== undefined)
          await session.diskCache.keep(path, held.digest);
        await cleanup.disposeAsync();
      }),
  };
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
  return best.image;
}

async function openIfThere(session: BuildSession, digest: Digest): Promise<OpenImage | undefined> {
  try {
    return await openImage(session.imageStore, digest);
  } catch (error) {
    // Collected, or of another store: then its disk is of no use here.
    if (error instanceof AshlarError && error.code === 'image_not_found') return undefined;
    throw error;
  }
}
