import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import {
  collectGarbage,
  type CollectOptions,
  type CollectReport,
  defaultCollectTimes,
} from '../../../src/collect/collect-garbage.ts';
import type { Digest } from '../../../src/digest/digest.ts';
import { createImageStore, type ImageStore } from '../../../src/image/image-store.ts';
import { openImage } from '../../../src/image/open-image.ts';
import { createMemoryObjectStore } from '../../../src/store/memory-object-store.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';

export const hourMs = 3600_000;
export const dayMs = 24 * hourMs;

/** A store in memory whose time is the test's to tell. */
export interface CollectFixture extends Disposable {
  readonly store: ObjectStore;
  readonly imageStore: ImageStore;
  nowMs(): number;
  pass(durationMs: number): void;
  collect(options?: Partial<CollectOptions>): Promise<CollectReport>;
}

export function createCollectFixture(): CollectFixture {
  let nowMs = Date.UTC(2026, 0, 1);
  const store = createMemoryObjectStore({ nowMs: () => nowMs });
  const imageStore = createImageStore(store, null);
  return {
    store,
    imageStore,
    nowMs: () => nowMs,
    pass(durationMs) {
      nowMs += durationMs;
    },
    collect: (options) => collectOn(imageStore, nowMs, options),
    [Symbol.dispose]: () => imageStore[Symbol.dispose](),
  };
}

export async function collectOn(
  imageStore: ImageStore,
  nowMs: number,
  options: Partial<CollectOptions> = {},
): Promise<CollectReport> {
  return collectGarbage(imageStore, { ...defaultCollectTimes, mode: 'apply', nowMs, ...options });
}

/** A hash over every chunk of the disk: what an export would write. */
export async function hashDisk(imageStore: ImageStore, digest: Digest): Promise<string> {
  const image = await openImage(imageStore, digest);
  const hash = createHash('sha256');
  for await (const { index } of image.chunks()) {
    const chunk = await image.readChunk(index);
    expect(chunk).not.toBeNull();
    hash.update(`${index} `).update(chunk ?? '');
  }
  return hash.digest('hex');
}
