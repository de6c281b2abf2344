import { describe, expect, it } from 'vitest';
import { applyLikeSibling, fingerprintOf } from '../../../base-images/setup/apply-like-sibling.ts';
import { readJsonObject } from '../../../src/image/json-object.ts';
import { imageKey } from '../../../src/store/store-paths.ts';
import { createImageStore, createMemoryObjectStore } from '../../../src/index.ts';
import { type Sketches, writeSketch } from '../support/sketched-files.ts';
import { debianSketch, planned, setUp } from './support/set-up.ts';

const app: Sketches = {
  ...debianSketch,
  'app/server.js': 'one',
  'app/large': Buffer.alloc(100_000, 'large'),
};

/** What comes of an image of `files` once `app` was set up in the same store: in the whole way, and like that. */
async function both(files: Sketches) {
  const imageStore = createImageStore(createMemoryObjectStore(), null);
  const base = { imageStore, digest: await writeSketch(imageStore, app) };
  const first = await setUp(base);
  const image = { imageStore, digest: await writeSketch(imageStore, files) };
  const { plan } = await planned(image);
  const sibling = { base: base.digest, setUp: first.digest };
  const like = await applyLikeSibling(imageStore, { image: image.digest, plan }, sibling);
  const isLike = fingerprintOf(plan) === fingerprintOf(first.plan);
  const { objects } = imageStore;
  const provenance =
    like === null ? null : await readJsonObject(objects, imageKey(like.digest, 'provenance'));
  return {
    like: like?.digest ?? null,
    isLike,
    whole: (await setUp(image)).digest,
    provenance,
    image,
  };
}

describe('an image of which another was set up before', () => {
  it.each([
    ['a small file', { 'app/server.js': 'two' }],
    ['an empty difference', {}],
    ['the mode of a file', { 'app/server.js': { content: 'one', mode: 0o600 } }],
    ['a large file of the same size', { 'app/large': Buffer.alloc(100_000, 'other') }],
    ['a file of another size', { 'app/large': Buffer.alloc(900_000, 'large') }],
  ])('comes to the same, for what %s costs', async (_, more) => {
    const { like, whole, isLike, provenance, image } = await both({ ...app, ...more });
    expect(isLike).toBe(true);
    expect(like).toBe(whole);
    expect(provenance).toMatchObject({ setup: { base: image.digest } });
  });

  it.each<[string, Sketches]>([
    ['has another file', { 'app/more': 'more' }],
    ['has other files where a setup changes them', { 'etc/passwd': 'root:x:0:0::/root:/bin/sh\n' }],
    ['has another time of what is new', { etc: { directory: true, mode: 0o700 } }],
  ])('is laid out anew where it %s', async (_, more) => {
    const { like } = await both({ ...app, ...more });
    expect(like).toBeNull();
  });
});
