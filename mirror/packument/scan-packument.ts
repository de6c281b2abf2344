import { setImmediate } from 'node:timers/promises';
import { createIndexListener } from './index-listener.ts';
import { createJsonWalker } from './json-walker.ts';
import type { PackumentIndex } from './packument-index.ts';
import { packumentPlaces } from './packument-places.ts';

export interface ScanOptions {
  /** The package that was asked for; a packument of another one is refused. */
  readonly name: string;
  /** Of the JSON, decompressed. */
  readonly maxBytes?: number;
  readonly maxDepth?: number;
  /** The most members of `versions`, of `time` and of `dist-tags`. */
  readonly maxVersions?: number;
}

export interface PackumentScanner {
  /**
   * The next bytes, cut anywhere. Works synchronously, 64 KiB in well under a millisecond: cut larger pieces, or
   * use `scanPackument`. The piece's memory may be used again afterwards.
   */
  push(piece: Buffer): void;
  finish(): PackumentIndex;
}

const defaults = { maxBytes: 128 * 1024 * 1024, maxDepth: 64, maxVersions: 100_000 };

/** Ample for URLs, integrities and versions (256 at most in npm); nothing longer is kept in memory. */
const maxTextBytes = 8192;
const maxKeyBytes = 1024;

const sliceBytes = 65_536;

/**
 * Reads a packument (full or abbreviated) as it streams by and gives its index, in constant memory but for that. The index
 * says what JSON.parse would see. Throws `packument_invalid`, with the byte offset, for what is no JSON or over the limits
 * (128 MiB, 64 levels, 100,000 versions, unless told otherwise), for a `name` that is missing or another one, and when
 * `versions` is no object; a packument without `versions` is that of an unpublished package. Once it has thrown, drop it.
 */
export function createPackumentScanner(options: ScanOptions): PackumentScanner {
  const limits = { ...defaults, ...options };
  const subject = `the packument of ${options.name}`;
  const listener = createIndexListener({
    name: options.name,
    maxMembers: limits.maxVersions,
    maxKeyBytes,
    fail: (offset, what) => walker.fail(offset, what),
  });
  const { maxBytes, maxDepth } = limits;
  const walker = createJsonWalker({
    subject,
    listener,
    places: packumentPlaces,
    maxBytes,
    maxDepth,
    maxTextBytes,
  });
  return {
    push: walker.push,
    finish: () => listener.finish(walker.finish()),
  };
}

/** Scans a whole packument. Gives way to other work after each 64 KiB, however large the pieces of `source` are. */
export async function scanPackument(
  source: AsyncIterable<Buffer>,
  options: ScanOptions,
): Promise<PackumentIndex> {
  const scanner = createPackumentScanner(options);
  for await (const piece of source) {
    for (let at = 0; at < piece.length; at += sliceBytes) {
      if (at > 0) await setImmediate();
      scanner.push(piece.subarray(at, at + sliceBytes));
    }
  }
  return scanner.finish();
}
