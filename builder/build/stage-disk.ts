import { join } from 'node:path';
import { exportDisk, type OpenImage, updateDisk } from '../../src/index.ts';
import { createStepDirectory } from '../run/step-directory.ts';
import type { BuildSession } from './build-session.ts';

/** The raw disk that RUN steps of a stage are mounted on. It follows the stage from step to step. */
export interface StageDisk extends AsyncDisposable {
  /** A file that holds this image; not to be written to, and good until the next call. */
  holding(image: OpenImage): Promise<string>;
}

/**
 * A disk that is made at first use and later brought up to date by the chunks that changed. It lies in a directory that a
 * sweep removes should this process be killed.
 */
export function createStageDisk(session: BuildSession): StageDisk {
  const { imageStore, signal } = session;
  const cleanup = new AsyncDisposableStack();
  let current: { readonly path: string; readonly image: OpenImage } | undefined;
  return {
    async holding(image) {
      const held = current;
      if (held?.image.digest === image.digest) return held.path;
      const isSameSize = held?.image.root.diskBytes === image.root.diskBytes;
      current = undefined;
      const path =
        held !== undefined && isSameSize
          ? held.path
          : join(await makeDirectory(session, cleanup), 'disk.raw');
      await session.ledger.span('mount', 'disk', async () => {
        if (held !== undefined && isSameSize)
          await updateDisk(imageStore, { path, from: held.image, to: image }, signal);
        else await exportDisk(imageStore, image, path, signal);
      });
      current = { path, image };
      return path;
    },
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

async function makeDirectory(
  session: BuildSession,
  cleanup: AsyncDisposableStack,
): Promise<string> {
  return cleanup.use(await createStepDirectory(session.workRoot)).path;
}
