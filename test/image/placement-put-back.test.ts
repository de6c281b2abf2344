import { describe, expect, it } from 'vitest';
import { createImageStore } from '../../src/image/image-store.ts';
import { openImage } from '../../src/image/open-image.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import { imageKey } from '../../src/store/store-paths.ts';
import { pattern } from '../support/awkward-tree.ts';
import { writeSample } from './support/sample-image.ts';

describe('an image whose placement is away', () => {
  async function sample() {
    const store = createMemoryObjectStore();
    const imageStore = createImageStore(store, null);
    const { digest } = await writeSample(imageStore, { file: pattern(100_000, 1) });
    const key = imageKey(digest, 'placement');
    const placement = await store.get(key);
    await store.delete(key);
    return { store, imageStore, digest, key, placement };
  }

  it('for a moment is opened when it is back', async () => {
    const { store, imageStore, digest, key, placement } = await sample();
    let looks = 0;
    const watched = {
      ...store,
      async head(asked: string) {
        looks += 1;
        if (looks === 2) await store.put(key, placement);
        return store.head(asked);
      },
    };
    using again = createImageStore(watched, null);
    expect((await openImage(again, digest)).digest).toBe(digest);
    imageStore[Symbol.dispose]();
  });

  it('for good is damaged', async () => {
    const { imageStore, digest } = await sample();
    await expect(openImage(imageStore, digest)).rejects.toMatchObject({ code: 'manifest_corrupt' });
    imageStore[Symbol.dispose]();
  });
});
