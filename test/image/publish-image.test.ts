import { describe, expect, it } from 'vitest';
import { quarantinePack } from '../../src/chunks/pack-quarantine.ts';
import { type Digest, digestOf } from '../../src/digest/digest.ts';
import { createImageStore } from '../../src/image/image-store.ts';
import { publishImage } from '../../src/image/publish-image.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { digestInKey, imageKey } from '../../src/store/store-paths.ts';
import { pattern } from '../support/awkward-tree.ts';
import { hookStore, keysOf } from '../support/hooked-store.ts';
import { writeSample } from './support/sample-image.ts';

const root = Buffer.from('a root');
const digest = digestOf(root);
const image = {
  digest,
  root,
  placement: Buffer.from('places'),
  outline: Buffer.from('outline'),
  provenance: { kind: 'test' },
};

function recording(store: ObjectStore): { store: ObjectStore; calls: string[] } {
  const calls: string[] = [];
  const hooked = hookStore(store, {
    after(call, key) {
      calls.push(`${call} ${key.split('.').at(-1)}`);
    },
  });
  return { store: hooked, calls };
}

describe('publishing', () => {
  it('puts the root last of all that is written', async () => {
    const { store, calls } = recording(createMemoryObjectStore());
    await publishImage(store, image);
    expect(calls).toEqual([
      'replace placement',
      'replace outline',
      'replace provenance',
      'put root',
      'head placement',
    ]);
  });

  it('makes an image young again that exists, and mends what is damaged of it', async () => {
    let nowMs = 0;
    const store = createMemoryObjectStore({ nowMs: () => nowMs });
    await publishImage(store, image);
    nowMs = 5000;
    for (const part of ['root', 'placement', 'provenance'] as const)
      await store.replace(imageKey(digest, part), Buffer.from('damage'));
    nowMs = 9000;
    await publishImage(store, image);
    expect(await store.head(imageKey(digest, 'root'))).toMatchObject({ modifiedMs: 9000 });
    expect(await store.get(imageKey(digest, 'root'))).toEqual(root);
    expect(await store.get(imageKey(digest, 'placement'))).toEqual(image.placement);
    expect((await store.get(imageKey(digest, 'provenance'))).toString()).toBe('{"kind":"test"}');
  });

  it('writes the placement again that a collection took for a leftover', async () => {
    const store = createMemoryObjectStore();
    const racing = hookStore(store, {
      async before(call, key) {
        if (call === 'put' && key.endsWith('.root'))
          await store.delete(imageKey(digest, 'placement'));
      },
    });
    await publishImage(racing, image);
    expect(await store.get(imageKey(digest, 'placement'))).toEqual(image.placement);
  });

  it('takes packs out of quarantine that the image builds on, before it is there', async () => {
    const store = createMemoryObjectStore();
    using earlier = createImageStore(store, null);
    const files = { large: pattern(300_000, 1) };
    await writeSample(earlier, files);
    // A collection comes after the writer has found its chunks, and before it publishes.
    let isCollected = false;
    const racing = hookStore(store, {
      async before(call, key) {
        if (isCollected || call !== 'put' || !key.startsWith('packs/')) return;
        isCollected = true;
        for (const pack of await keysOf(store, 'packs/'))
          await quarantinePack(store, digestInKey(pack) ?? ('' as Digest));
      },
    });
    let quarantinedAtRoot = -1;
    const watching = hookStore(racing, {
      async before(call, key) {
        if (call === 'put' && key.endsWith('.root'))
          quarantinedAtRoot = (await keysOf(store, 'quarantine/')).length;
      },
    });
    using imageStore = createImageStore(watching, null);
    await writeSample(imageStore, { ...files, more: Buffer.from('more') });
    expect([isCollected, quarantinedAtRoot]).toEqual([true, 0]);
    expect(await keysOf(store, 'packs/')).toHaveLength(2);
  });
});
