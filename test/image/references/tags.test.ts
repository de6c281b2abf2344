import { describe, expect, it } from 'vitest';
import { type Digest, digestOf } from '../../../src/digest/digest.ts';
import { listImages } from '../../../src/image/references/list-images.ts';
import {
  findTag,
  listTags,
  normalizeTagName,
  removeTag,
  resolveImage,
  setTag,
} from '../../../src/image/references/tags.ts';
import { createMemoryObjectStore } from '../../../src/store/memory-object-store.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { imageKey, tagKey } from '../../../src/store/store-paths.ts';
import { collect, failureOf } from '../../support/failures.ts';
import { hookStore } from '../../support/hooked-store.ts';

const one = digestOf(Buffer.from('one'));
const two = digestOf(Buffer.from('two'));

async function storeWith(...images: Digest[]): Promise<ObjectStore> {
  const store = createMemoryObjectStore();
  for (const image of images) await store.put(imageKey(image, 'root'), Buffer.from('root'));
  return store;
}

describe('a name for an image', () => {
  it.each([
    ['app', 'app:latest'],
    ['app:v1', 'app:v1'],
    ['team/app:V1.2-x_y', 'team/app:V1.2-x_y'],
    ['localhost:5000/team/app:v1', 'localhost:5000/team/app:v1'],
    ['Registry.Example/app', 'Registry.Example/app:latest'],
    ['a__b/c.d/e---f', 'a__b/c.d/e---f:latest'],
    ['deadbeef', 'deadbeef:latest'],
  ])('%s is %s', (text, name) => {
    expect(normalizeTagName(text)).toBe(name);
  });

  it.each([
    '',
    ':v1',
    'App',
    'app:',
    'app:v1:v2',
    'app:-v1',
    `app:${'v'.repeat(129)}`,
    'app@sha256:123',
    'app v1',
    '../app',
    'a//b',
    '/app',
    'app/',
    'app\n',
    'äpp',
    'a'.repeat(201),
    'a/'.repeat(90).concat('a'),
    'a'.repeat(100_000),
    `blake3:${'a'.repeat(64)}`,
    'blake3',
  ])('%j is none', (text) => {
    expect(() => normalizeTagName(text)).toThrow(
      expect.objectContaining({ code: 'reference_invalid' }),
    );
  });

  it('that is the longest can be stored', async () => {
    const store = await storeWith(one);
    const name = `${'a/'.repeat(58)}a:v`;
    expect(tagKey(normalizeTagName(name)).length).toBeLessThanOrEqual(255);
    await setTag(store, { name, image: one, nowMs: 0 });
    expect(await resolveImage(store, name)).toBe(one);
  });
});

describe('tags', () => {
  it('are set, moved, listed and removed', async () => {
    const store = await storeWith(one, two);
    await setTag(store, { name: 'app:v1', image: one, nowMs: 0 });
    await setTag(store, { name: 'app', image: one, nowMs: 0 });
    await setTag(store, { name: 'app', image: two, nowMs: 1000 });
    expect(await collect(listTags(store))).toEqual([
      { name: 'app:latest', image: two, updated: '1970-01-01T00:00:01.000Z' },
      { name: 'app:v1', image: one, updated: '1970-01-01T00:00:00.000Z' },
    ]);
    expect(await findTag(store, 'app')).toMatchObject({ image: two });
    expect(await findTag(store, 'other')).toBeNull();
    expect(await findTag(store, 'not a name')).toBeNull();
    expect([await removeTag(store, 'app'), await removeTag(store, 'app')]).toEqual([true, false]);
    expect(await removeTag(store, 'not a name')).toBe(false);
    expect(await findTag(store, 'app')).toBeNull();
  });

  it('name no image that is not there, and stay as they were', async () => {
    const store = await storeWith(one);
    await setTag(store, { name: 'app', image: one, nowMs: 0 });
    expect((await failureOf(setTag(store, { name: 'app', image: two, nowMs: 0 }))).code).toBe(
      'image_not_found',
    );
    expect(await resolveImage(store, 'app')).toBe(one);
  });

  it('do not stay for an image that is collected while they are set', async () => {
    const store = await storeWith(one);
    const racing = hookStore(store, {
      async before(call) {
        if (call === 'replace') await store.delete(imageKey(one, 'root'));
      },
    });
    expect((await failureOf(setTag(racing, { name: 'app', image: one, nowMs: 0 }))).code).toBe(
      'image_not_found',
    );
    expect(await findTag(store, 'app')).toBeNull();
  });

  it('that are damaged are told by name, can be removed and set again', async () => {
    const store = await storeWith(one);
    await setTag(store, { name: 'whole', image: one, nowMs: 0 });
    for (const text of [
      '',
      '{',
      '[]',
      'null',
      '{"name":"app:latest"}',
      `{"name":3,"image":"${one}"}`,
    ]) {
      await store.replace(tagKey('app:latest'), Buffer.from(text));
      expect((await failureOf(findTag(store, 'app'))).code).toBe('manifest_corrupt');
      expect((await failureOf(collect(listTags(store)))).code).toBe('manifest_corrupt');
      const listing = await listImages(store);
      expect(listing.images).toMatchObject([{ digest: one, tags: ['whole:latest'] }]);
      expect(listing.damagedTags).toMatchObject([{ name: 'app:latest' }]);
      expect(await resolveImage(store, 'whole')).toBe(one);
      expect(await removeTag(store, 'app')).toBe(true);
    }
    await store.replace(tagKey('app:latest'), Buffer.alloc(2 * 1024 * 1024));
    expect((await listImages(store)).damagedTags).toHaveLength(1);
    await setTag(store, { name: 'app', image: one, nowMs: 0 });
    expect(await resolveImage(store, 'app')).toBe(one);
  });
});

describe('objects among the tags that are none', () => {
  it('are passed over', async () => {
    const store = await storeWith(one);
    await setTag(store, { name: 'app', image: one, nowMs: 0 });
    for (const key of ['tags/%FF.json', 'tags/notes.txt']) await store.put(key, Buffer.from('{}'));
    expect((await collect(listTags(store))).map(({ name }) => name)).toEqual(['app:latest']);
    expect((await listImages(store)).damagedTags).toEqual([]);
  });
});

describe('a reference', () => {
  it('is a tag, a digest, or eight or more of its digits', async () => {
    const store = await storeWith(one, two);
    await setTag(store, { name: 'app:v1', image: one, nowMs: 0 });
    const hex = one.slice('blake3:'.length);
    for (const text of [
      'app:v1',
      one,
      hex.slice(0, 8),
      hex.slice(0, 63),
      `blake3:${hex.slice(0, 12)}`,
    ])
      expect(await resolveImage(store, text), text).toBe(one);
  });

  it('that fits no image is image_not_found', async () => {
    const store = await storeWith(one);
    const hex = one.slice('blake3:'.length);
    const none = [
      two,
      'app',
      'app:v1',
      hex.slice(0, 7),
      'ffffffff',
      '',
      'not a name',
      'x'.repeat(1000),
      `${hex}0`,
    ];
    for (const text of none)
      expect((await failureOf(resolveImage(store, text))).code, text).toBe('image_not_found');
  });

  it('that fits several images is refused with their digests', async () => {
    const near = `${one.slice(0, -1)}${one.endsWith('0') ? '1' : '0'}` as Digest;
    const store = await storeWith(one, near);
    const failure = await failureOf(resolveImage(store, one.slice(7, 20)));
    expect(failure).toMatchObject({
      code: 'reference_invalid',
      data: { images: [one, near].toSorted() },
    });
    expect(await resolveImage(store, near)).toBe(near);
  });

  it('that is a name and digits of a digest is the name', async () => {
    const store = await storeWith(one, two);
    const digits = two.slice(7, 17);
    await setTag(store, { name: digits, image: one, nowMs: 0 });
    expect(await resolveImage(store, digits)).toBe(one);
    expect(await resolveImage(store, `blake3:${digits}`)).toBe(two);
  });
});

describe('a name that nearly is one', () => {
  it('is given back in lower case', () => {
    expect(() => normalizeTagName('Team/App:V1')).toThrow(
      expect.objectContaining({
        code: 'reference_invalid',
        hint: expect.stringMatching(/^Is team\/app:V1 meant\? /) as string,
      }),
    );
  });

  it.for([
    ['App:v1', /^Is app:v1 meant\?/],
    ['ec63', /first 8 digits or more/],
  ] as const)('%s is not found, with what may be meant', async ([reference, hint]) => {
    await expect(resolveImage(createMemoryObjectStore(), reference)).rejects.toMatchObject({
      code: 'image_not_found',
      hint: expect.stringMatching(hint) as string,
    });
  });
});
