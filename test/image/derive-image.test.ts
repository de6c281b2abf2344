import { describe, expect, it } from 'vitest';
import { quarantinePack } from '../../src/chunks/pack-quarantine.ts';
import type { Digest } from '../../src/digest/digest.ts';
import { deriveImage } from '../../src/image/derive-image.ts';
import { createImageStore } from '../../src/image/image-store.ts';
import { openImage } from '../../src/image/open-image.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import { imageKey, packKey } from '../../src/store/store-paths.ts';
import { pattern } from '../support/awkward-tree.ts';
import { failureOf } from '../support/failures.ts';
import { keysOf } from '../support/hooked-store.ts';
import { sampleConfig, writeSample } from './support/sample-image.ts';

const derivation = { config: { ...sampleConfig, os: 'other' }, provenance: { kind: 'test' } };

async function fixture() {
  const store = createMemoryObjectStore();
  const imageStore = createImageStore(store, null);
  const { digest } = await writeSample(imageStore, { large: pattern(300_000, 1) });
  return { store, imageStore, digest, image: await openImage(imageStore, digest) };
}

describe('an image that is derived', () => {
  it('takes the packs that it builds on out of quarantine', async () => {
    const { store, imageStore, image } = await fixture();
    for (const pack of image.placement.packs) await quarantinePack(store, pack);
    expect(await keysOf(store, 'packs/')).toEqual([]);
    await deriveImage(imageStore, image, derivation);
    expect(await keysOf(store, 'quarantine/')).toEqual([]);
    expect(await keysOf(store, 'packs/')).toHaveLength(image.placement.packs.length);
  });

  it('is pack_missing, and not there, when one of them is gone', async () => {
    const { store, imageStore, image } = await fixture();
    const before = await keysOf(store, 'images/');
    const [pack = '' as Digest] = image.placement.packs;
    await store.delete(packKey(pack));
    expect(await failureOf(deriveImage(imageStore, image, derivation))).toMatchObject({
      code: 'pack_missing',
      data: { pack },
    });
    expect(await keysOf(store, 'images/')).toEqual(before);
  });

  it('is manifest_corrupt, and not there, when the placement is damaged in its front or its end', async () => {
    const { store, imageStore, image, digest } = await fixture();
    const before = await keysOf(store, 'images/');
    const key = imageKey(digest, 'placement');
    const good = await store.get(key);
    const flipped = Buffer.from(good);
    flipped.writeUInt8(good.readUInt8(70) ^ 1, 70);
    const wrongPack = Buffer.from(good);
    wrongPack.writeUInt8(0xff, good.length - 5);
    for (const bad of [flipped, wrongPack, good.subarray(0, -1), Buffer.alloc(0)]) {
      await store.replace(key, bad);
      const failure = await failureOf(deriveImage(imageStore, image, derivation));
      expect(failure).toMatchObject({ code: 'manifest_corrupt', data: { image: digest } });
      expect(await keysOf(store, 'images/')).toEqual(before);
    }
  });
});
