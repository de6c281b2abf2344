import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, digestHex, isDigest, systemErrorCode } from '../../src/index.ts';

/** A disk file in the cache that holds an image. */
export interface CachedDisk {
  readonly image: Digest;
  readonly path: string;
}

/**
 * Raw disks of images that RUN steps were mounted on, kept for the next build: most of it runs on the same base. A file is
 * only good until the machine stops, because it is not synced: its name carries the kernel's boot id.
 *
 *     <boot id>-<hex of the image>-<random>.raw
 */
export interface DiskCache {
  /** What is there, the last used first. */
  list(): Promise<CachedDisk[]>;
  /** Takes a disk out of the cache, to `path`; false when somebody else was quicker. */
  claim(disk: CachedDisk, path: string): Promise<boolean>;
  /** Puts a disk in that nobody uses any more, and removes the oldest ones above the limit. */
  keep(path: string, image: Digest): Promise<void>;
}

const namePattern = /^([0-9a-f]{8})-([0-9a-f]{64})-[0-9a-f]{8}\.raw$/;

/** `maxBytes` bounds what the files take on the disk. */
export function createDiskCache(directory: string, maxBytes: number): DiskCache {
  const entries = async (): Promise<(CachedDisk & { usedMs: number; bytes: number })[]> => {
    const boot = await bootId();
    const found = [];
    for (const name of await namesIn(directory)) {
      const [, ofBoot, hex] = namePattern.exec(name) ?? [];
      const path = join(directory, name);
      const image = `blake3:${hex ?? ''}`;
      const stats = ofBoot === boot && isDigest(image) ? await statIfThere(path) : null;
      if (ofBoot !== undefined && ofBoot !== boot) await rm(path, { force: true });
      if (stats !== null && isDigest(image)) {
        found.push({ image, path, usedMs: stats.ctimeMs, bytes: stats.blocks * 512 });
      }
    }
    return found.sort((left, right) => right.usedMs - left.usedMs);
  };
  return {
    list: entries,
    claim: (disk, path) => renameIfThere(disk.path, path),
    async keep(path, image) {
      await mkdir(directory, { recursive: true });
      const name = `${await bootId()}-${digestHex(image)}-${randomBytes(4).toString('hex')}.raw`;
      await rename(path, join(directory, name));
      let bytes = 0;
      const seen = new Set<Digest>();
      for (const entry of await entries()) {
        bytes += entry.bytes;
        if (bytes > maxBytes || seen.has(entry.image)) await rm(entry.path, { force: true });
        seen.add(entry.image);
      }
    },
  };
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).slice(0, 8);
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function statIfThere(path: string): Promise<{ ctimeMs: number; blocks: number } | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

async function renameIfThere(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
