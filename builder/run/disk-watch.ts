import { statfs } from 'node:fs/promises';
import { systemErrorCode } from '../../src/index.ts';

/** How full the file systems of a step became: what a failing program removes again counts too. */
export interface DiskWatch extends Disposable {
  /** Looks once more and gives the least that was free so far. */
  lowest(): Promise<DiskLevels>;
}

export interface DiskLevels {
  readonly scratchFreeBytes: number;
  readonly scratchFreeInodes: number;
  /** Of the host's file system that the scratch file lies on. */
  readonly hostFreeBytes: number;
}

export interface DiskWatchPaths {
  readonly scratch: string;
  readonly host: string;
}

const intervalMs = 100;

export function watchDisk(paths: DiskWatchPaths): DiskWatch {
  let levels: DiskLevels = {
    scratchFreeBytes: Infinity,
    scratchFreeInodes: Infinity,
    hostFreeBytes: Infinity,
  };
  const look = async (): Promise<DiskLevels> => {
    const [scratch, host] = await Promise.all([statfs(paths.scratch), statfs(paths.host)]);
    levels = {
      scratchFreeBytes: Math.min(levels.scratchFreeBytes, scratch.bavail * scratch.bsize),
      scratchFreeInodes: Math.min(levels.scratchFreeInodes, scratch.ffree),
      hostFreeBytes: Math.min(levels.hostFreeBytes, host.bavail * host.bsize),
    };
    return levels;
  };
  const timer = setInterval(() => {
    look().catch((error: unknown) => {
      // The namespace can end between two looks.
      if (systemErrorCode(error) === undefined) throw error;
    });
  }, intervalMs);
  return {
    lowest: look,
    [Symbol.dispose]() {
      clearInterval(timer);
    },
  };
}
