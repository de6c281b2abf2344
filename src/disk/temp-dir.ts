import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A directory that is removed, with all in it, when the handle is disposed. */
export interface TempDir extends AsyncDisposable {
  readonly path: string;
}

/** Makes a new directory below `parent` (made too, where missing); use with `await using`. */
export async function createTempDir(parent: string, prefix: string): Promise<TempDir> {
  await mkdir(parent, { recursive: true });
  const path = await mkdtemp(join(parent, `${prefix}-`));
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
    },
  };
}
