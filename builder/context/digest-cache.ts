import type { Digest } from '../../src/index.ts';
import type { FileStat } from './source-tree.ts';

/**
 * Remembers the digests of files by what changes when they change. It may forget at any time, and must never give a
 * digest for a stat that differs in anything.
 */
export interface DigestCache {
  get(stat: FileStat): Digest | undefined;
  put(stat: FileStat, digest: Digest): void;
}

/** Nanoseconds in which a file may be written again without its times changing, and more. */
const racyNs = 2_000_000_000n;

/**
 * True when a later change of the file is sure to show in its stat: it was last changed at least two seconds before
 * it was looked at. Until then a file system with coarse timestamps can give two contents the same times.
 */
export function isSettled(stat: FileStat, lookedAtMs: number): boolean {
  const lookedAtNs = BigInt(Math.trunc(lookedAtMs)) * 1_000_000n;
  const changedNs = stat.mtimeNs > stat.ctimeNs ? stat.mtimeNs : stat.ctimeNs;
  return lookedAtNs - changedNs >= racyNs;
}

/** A cache in memory that forgets what was put first when it holds more than `maxEntries`. */
export function createMemoryDigestCache({ maxEntries }: { maxEntries: number }): DigestCache {
  const entries = new Map<string, { stat: FileStat; digest: Digest }>();
  return {
    get(stat) {
      const found = entries.get(stat.path);
      return found !== undefined && sameStat(found.stat, stat) ? found.digest : undefined;
    },
    put(stat, digest) {
      entries.delete(stat.path);
      entries.set(stat.path, { stat, digest });
      const [oldest] = entries.keys();
      if (entries.size > maxEntries && oldest !== undefined) entries.delete(oldest);
    },
  };
}

/** True when nothing shows that the file has changed. */
export function sameStat(left: FileStat, right: FileStat): boolean {
  return (
    left.path === right.path &&
    left.sizeBytes === right.sizeBytes &&
    left.mtimeNs === right.mtimeNs &&
    left.ctimeNs === right.ctimeNs &&
    left.inode === right.inode
  );
}
