import type { FileHandle } from 'node:fs/promises';
import { syncDirectory } from '../disk/write-file-atomic.ts';
import { systemErrorCode } from '../errors/ashlar-error.ts';

/**
 * `synced`: what was published survives a loss of power. `unsynced`: after one, an object may be gone, or hold fewer bytes
 * than were written or zeros in their place; for caches, whose readers check what they read.
 */
export type Durability = 'synced' | 'unsynced';

/** Makes files and folders as durable as a store promises. */
export interface FsSync {
  file(handle: FileHandle): Promise<void>;
  /** What was published in the folder; file systems that cannot sync a folder are taken as they are. */
  folder(path: string): Promise<void>;
}

export function fsSyncFor(durability: Durability): FsSync {
  return durability === 'synced' ? durable : passing;
}

const durable: FsSync = { file: (handle) => handle.sync(), folder: syncFolder };
const passing: FsSync = { file: async () => {}, folder: async () => {} };

/** Makes what was published in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  try {
    await syncDirectory(path);
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes(systemErrorCode(error) ?? '')) throw error;
  }
}
