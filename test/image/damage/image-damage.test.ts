import { beforeAll, describe, expect, it } from 'vitest';
import { checkStore, type Damage } from '../../../src/collect/check-store.ts';
import type { Digest } from '../../../src/digest/digest.ts';
import { createImageStore } from '../../../src/image/image-store.ts';
import { openImage } from '../../../src/image/open-image.ts';
import { createMemoryObjectStore } from '../../../src/store/memory-object-store.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { imageKey, packKey, tagKey } from '../../../src/store/store-paths.ts';
import {
  chunksOf,
  findPlaces,
  type Fixture,
  inodeAt,
  makeFixture,
  type Places,
} from './image-to-hurt.ts';
import { codeIn, readAll } from './read-every-way.ts';

async function checkAll({ imageStore }: Fixture): Promise<readonly Damage[]> {
  return (await checkStore(imageStore, null)).damages;
}

let template: {
  objects: Map<string, Buffer>;
  image: Digest;
  other: Digest;
  places: Places;
  /** Files that share a chunk with /bin/small-one. */
  binMates: string[];
};

/** A fresh copy of the same store, so that each test can hurt it. */
async function copyOfTemplate(): Promise<Fixture> {
  const objects = createMemoryObjectStore();
  for (const [key, bytes] of template.objects) await objects.put(key, bytes);
  const imageStore = createImageStore(objects, null);
  const { image, other } = template;
  return {
    objects,
    imageStore,
    image,
    other,
    [Symbol.dispose]: () => imageStore[Symbol.dispose](),
  };
}

beforeAll(async () => {
  using fixture = await makeFixture();
  const objects = new Map<string, Buffer>();
  for await (const { key } of fixture.objects.list(''))
    objects.set(key, await fixture.objects.get(key));
  const { image, other } = fixture;
  const open = await openImage(fixture.imageStore, image);
  const [bin] = chunksOf(await inodeAt(open, 'bin/small-one'));
  const binMates: string[] = [];
  for await (const { path, inode } of (await open.tree()).entries())
    if (chunksOf(inode).some((chunk) => chunk === bin)) binMates.push(`/${path}`);
  binMates.sort();
  template = { objects, image, other, places: await findPlaces(fixture), binMates };
});

async function flipBit(objects: ObjectStore, key: string, at: number): Promise<void> {
  const bytes = await objects.get(key);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at);
  await objects.replace(key, bytes);
}

describe('an image that is whole', () => {
  it('reads well in every way, and nothing is found wrong', async () => {
    using fixture = await copyOfTemplate();
    const outcomes = await readAll(fixture);
    expect([...outcomes.values()].every((outcome) => outcome === 'good')).toBe(true);
    expect(await checkAll(fixture)).toEqual([]);
  });
});

describe('a flipped bit in a pack', () => {
  interface Case {
    readonly what: keyof Places;
    readonly code: string;
    /** What of the reads fails; all others go well. */
    readonly fails: Readonly<Record<string, string>>;
    readonly files: readonly string[];
  }
  const cases: Case[] = [
    {
      what: 'bin',
      code: 'chunk_corrupt',
      fails: { 'files of the bin': 'chunk_corrupt', disk: 'chunk_corrupt' },
      files: ['files of the bin'],
    },
    {
      what: 'large',
      code: 'chunk_corrupt',
      fails: { '/lib/large': 'chunk_corrupt', disk: 'chunk_corrupt' },
      files: ['/lib/large', '/lib/large-link'],
    },
    { what: 'metadata', code: 'chunk_corrupt', fails: { disk: 'chunk_corrupt' }, files: [] },
    {
      what: 'treeRoot',
      code: 'tree_corrupt',
      fails: {
        '/bin/small-one': 'tree_corrupt',
        '/bin/small-link': 'tree_corrupt',
        '/bin/small-two': 'tree_corrupt',
        '/lib/large': 'tree_corrupt',
        '/lib/medium': 'tree_corrupt',
        '/share/d0/f0': 'tree_corrupt',
        '/share/d39/f19': 'tree_corrupt',
      },
      files: [],
    },
    { what: 'treePage', code: 'tree_corrupt', fails: {}, files: [] },
    {
      what: 'manifestPage',
      code: 'manifest_corrupt',
      fails: { '/lib/large': 'manifest_corrupt', disk: 'manifest_corrupt' },
      files: ['/lib/large', '/lib/large-link'],
    },
  ];

  it.each(cases)(
    'in $what hurts what is in it and nothing else',
    async ({ what, code, ...hurts }) => {
      using fixture = await copyOfTemplate();
      const hurt = hurts.files[0] === 'files of the bin' ? template.binMates : hurts.files;
      const fails: Record<string, string> = { ...hurts.fails };
      if (what === 'bin') for (const path of hurt) fails[path] = code;
      const { pack, offset, storedBytes } = template.places[what];
      await flipBit(fixture.objects, packKey(pack), offset + Math.floor(storedBytes / 2));
      const outcomes = await readAll(fixture);
      const expected = new Map([...outcomes.keys()].map((name) => [name, fails[name] ?? 'good']));
      if (what !== 'treePage') {
        expect(new Map([...outcomes].map(([name, outcome]) => [name, codeIn(outcome)]))).toEqual(
          expected,
        );
      } else {
        // The page holds some of the directories below share.
        expect(codeIn(outcomes.get('/bin/small-one'))).toBe('good');
        expect(codeIn(outcomes.get('/lib/large'))).toBe('good');
        expect(codeIn(outcomes.get('disk'))).toBe('good');
      }
      for (const outcome of outcomes.values()) {
        if (outcome === 'good') continue;
        expect(outcome.message).toContain(fixture.image);
        if (hurt.length > 0) expect(outcome.files).toEqual(hurt);
      }
      const damages = await checkAll(fixture);
      expect(damages).toMatchObject([{ image: fixture.image, tags: ['hurt:v1'], code }]);
      expect([...(damages[0]?.files ?? [])].toSorted()).toEqual(hurt);
    },
  );
});

describe('a pack', () => {
  it.each([
    ['deleted', 'pack_missing'],
    ['cut short', 'pack_corrupt'],
    ['emptied', 'pack_corrupt'],
  ])('that is %s is %s, with all the files in it', async (how, code) => {
    using fixture = await copyOfTemplate();
    const { pack } = template.places.large;
    const key = packKey(pack);
    if (how === 'deleted') await fixture.objects.delete(key);
    else
      await fixture.objects.replace(
        key,
        (await fixture.objects.get(key)).subarray(
          0,
          how === 'emptied' ? 0 : template.places.large.offset + 5,
        ),
      );
    const outcomes = await readAll(fixture);
    expect(codeIn(outcomes.get('/lib/large'))).toBe(code);
    expect(outcomes.get('/lib/large')).toMatchObject({
      files: expect.arrayContaining(['/lib/large', '/lib/large-link']),
    });
    expect(outcomes.get('/whole')).toBe('good');
    const damages = await checkAll(fixture);
    expect(damages.map((damage) => damage.code)).toContain(code);
    expect(damages.flatMap((damage) => damage.files)).toContain('/lib/large');
    expect(damages.every(({ image }) => image === fixture.image)).toBe(true);
  });
});

describe('an object of the image', () => {
  const parts = ['root', 'placement', 'provenance'] as const;
  const hows = ['flipped', 'cut short', 'emptied', 'deleted', 'enormous'] as const;
  const cases = parts.flatMap((part) => hows.map((how) => [part, how] as const));

  async function hurt(
    objects: ObjectStore,
    key: string,
    how: (typeof hows)[number],
  ): Promise<void> {
    const bytes = await objects.get(key);
    if (how === 'deleted') await objects.delete(key);
    else if (how === 'flipped') await flipBit(objects, key, Math.floor(bytes.length / 2));
    else if (how === 'cut short') await objects.replace(key, bytes.subarray(0, -1));
    else if (how === 'emptied') await objects.replace(key, Buffer.alloc(0));
    else await objects.replace(key, Buffer.concat([bytes, Buffer.alloc(40 * 1024 * 1024)]));
  }

  it.each(cases)('%s, %s: named, and the other image is whole', async (part, how) => {
    using fixture = await copyOfTemplate();
    await hurt(fixture.objects, imageKey(fixture.image, part), how);
    const outcomes = await readAll(fixture);
    expect(outcomes.get('/whole')).toBe('good');
    const damages = await checkAll(fixture);
    if (part === 'root') {
      const code = how === 'deleted' ? 'image_not_found' : 'manifest_corrupt';
      expect(codeIn(outcomes.get('open'))).toBe(code);
      expect(damages).toMatchObject([
        { code: 'manifest_corrupt', image: fixture.image, tags: ['hurt:v1'] },
      ]);
    } else if (part === 'provenance') {
      expect([...outcomes.values()].every((outcome) => outcome === 'good')).toBe(true);
      // A flipped bit in a text is a text.
      if (how !== 'flipped') expect(damages).toMatchObject([{ code: 'manifest_corrupt' }]);
    } else {
      for (const outcome of outcomes.values())
        if (outcome !== 'good') {
          expect(['manifest_corrupt', 'chunk_corrupt', 'pack_corrupt', 'pack_missing']).toContain(
            outcome.code,
          );
          expect(outcome.message).toContain(fixture.image);
        }
      if (how !== 'enormous') expect(damages.length).toBeGreaterThan(0);
      expect(damages.every(({ image }) => image === fixture.image)).toBe(true);
    }
  });

  it('tag, damaged or deleted, leaves the image as it is', async () => {
    using fixture = await copyOfTemplate();
    await fixture.objects.replace(
      tagKey('hurt:v1'),
      Buffer.from('{"name":"hurt:v1","image":"blake3:12'),
    );
    expect(await checkAll(fixture)).toMatchObject([
      { image: null, tags: ['hurt:v1'], code: 'manifest_corrupt' },
    ]);
    await fixture.objects.delete(tagKey('hurt:v1'));
    expect(await checkAll(fixture)).toEqual([]);
    const outcomes = await readAll(fixture);
    expect([...outcomes.values()].every((outcome) => outcome === 'good')).toBe(true);
  });
});

describe('a bit flipped anywhere in a placement', () => {
  it('is found by a check, or does not matter', async () => {
    const key = imageKey(template.image, 'placement');
    const bytes = template.objects.get(key) ?? Buffer.of();
    // The end of the header, bytes 56 to 63, means nothing.
    const inHeader = Array.from({ length: 14 }, (_, index) => index * 4 + 1);
    const inRecords = Array.from({ length: 40 }, (_, index) =>
      Math.floor(64 + ((bytes.length - 64) * index) / 40),
    );
    let found = 0;
    for (const at of [...inHeader, ...inRecords]) {
      using fixture = await copyOfTemplate();
      await flipBit(fixture.objects, key, at);
      const report = await checkStore(fixture.imageStore, [fixture.image]);
      if (report.damages.length > 0) {
        found += 1;
        continue;
      }
      // Only a length that takes in some bytes behind a compressed chunk changes nothing.
      const outcomes = [...(await readAll(fixture)).values()];
      expect(
        outcomes.every((outcome) => outcome === 'good'),
        `byte ${at}`,
      ).toBe(true);
    }
    expect(found).toBeGreaterThan(45);
  });
});
