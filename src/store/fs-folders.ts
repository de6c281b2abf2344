import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemErrorCode } from '../errors/ashlar-error.ts';
import { type FsSync, syncFolder } from './fs-sync.ts';

/** How many folders are remembered as synced; beyond, the memory starts anew. */
const rememberedFolders = 10_000;

/** The folders below a root: made as needed, each durable before something is published in it. */
export interface Folders {
  /** Makes `folder` and what is missing above it, up to the root, which must be there. */
  ensure(folder: string): Promise<void>;
  /** To be called when a folder that `ensure` gave has vanished. */
  forget(): void;
}

export function createFolders(root: string, sync: FsSync): Folders {
  const synced = new Set<string>([root]);

  /** A folder that another writer made may not be synced yet, so the first use of each syncs its parent. */
  async function ensure(folder: string): Promise<void> {
    if (synced.has(folder)) return;
    const parent = dirname(folder);
    await ensure(parent);
    await makeDirectory(folder);
    await sync.folder(parent);
    if (synced.size >= rememberedFolders) forget();
    synced.add(folder);
  }

  function forget(): void {
    synced.clear();
    synced.add(root);
  }

  return { ensure, forget };
}

/**
 * Makes the directory `path` and those above it, durably. By hand, as Node's recursive mkdir reports a read-only
 * file system as ENOENT.
 */
export async function makeDirectoriesDurably(path: string): Promise<void> {
  try {
    await makeDirectory(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    await makeDirectoriesDurably(dirname(path));
    await makeDirectory(path);
  }
  await syncFolder(dirname(path));
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
  }
}
