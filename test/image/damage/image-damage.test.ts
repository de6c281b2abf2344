import { beforeAll, describe, expect, it } from 'vitest';
import { createChunkWriter } from '../../../src/chunks/chunk-writer.ts';
import { checkStore, type Damage } from '../../../src/collect/check-store.ts';
import type { PackLocation } from '../../../src/chunks/pack-format.ts';
import type { Digest } from '../../../src/digest/digest.ts';
import { createImageStore, type ImageStore } from '../../../src/image/image-store.ts';
import { openImage } from '../../../src/image/open-image.ts';
import { createFileReader } from '../../../src/image/read-file.ts';
import { setTag } from '../../../src/image/references/tags.ts';
import { createMemoryObjectStore } from '../../../src/store/memory-object-store.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { imageKey, packKey, tagKey } from '../../../src/store/store-paths.ts';
import { chunkBytes, type FileInode } from '../../../src/tree/inode.ts';
import { pattern } from '../../support/awkward-tree.ts';
import { failureOf } from '../../support/failures.ts';
import { type SampleEntry, writeSample } from '../support/sample-image.ts';

const mib = 1024 * 1024;

/** Enough directories that the tree has several pages, and a disk of several pages of the manifest. */
const files: Record<string, SampleEntry> = {
  'bin/small-one': Buffer.from('one small file'),
  'bin/small-two': Buffer.from('another small file'),
  'bin/small-link': { sameAs: 'bin/small-one' },
  'lib/large': pattern(5 * mib, 3),
  'lib/large-link': { sameAs: 'lib/large' },
  'lib/medium': pattern(300_000, 4),
  'lib/link': { target: 'large' },
};
for (let directory = 0; directory < 40; directory += 1)
  for (let file = 0; file < 20; file += 1)
    files[`share/d${directory}/f${file}`] = Buffer.from(`file ${file} of ${directory}\n`.repeat(9));

interface Fixture extends Disposable {
  readonly objects: ObjectStore;
  readonly imageStore: ImageStore;
  readonly image: Digest;
  /** An image that shares no chunk with it. */
  readonly other: Digest;
}

async function makeFixture(): Promise<Fixture> {
  const objects = createMemoryObjectStore();
  const imageStore = createImageStore(objects, null);
  // Small packs, so that metadata and contents lie in different ones.
  const writer = createChunkWriter({
    store: objects,
    index: imageStore.index(),
    shelf: imageStore.shelf,
    packBytes: 512 * 1024,
  });
  const { digest: image } = await writeSample(imageStore, files, {
    diskBytes: 1024 * mib,
    writer,
  });
  const { digest: other } = await writeSample(imageStore, { whole: pattern(200_000, 99) });
  await setTag(objects, { name: 'hurt:v1', image, nowMs: 0 });
  await setTag(objects, { name: 'whole:v1', image: other, nowMs: 0 });
  return {
    objects,
    imageStore,
    image,
    other,
    [Symbol.dispose]: () => imageStore[Symbol.dispose](),
  };
}

/** Where the parts of the image lie, by what they are. */
interface Places {
  readonly bin: PackLocation;
  readonly large: PackLocation;
  readonly metadata: PackLocation;
  readonly treeRoot: PackLocation;
  readonly treePage: PackLocation;
  readonly manifestPage: PackLocation;
}

async function findPlaces({ imageStore, image }: Fixture): Promise<Places> {
  const open = await openImage(imageStore, image);
  const tree = await open.tree();
  const bin = await inodeAt(open, 'bin/small-one');
  const large = await inodeAt(open, 'lib/large');
  const inFiles = new Set<Digest>();
  for await (const { inode } of tree.entries())
    for (const chunk of chunksOf(inode)) inFiles.add(chunk);
  let metadata: PackLocation | undefined;
  for await (const { digest, location } of open.chunks())
    if (!inFiles.has(digest)) metadata ??= location;
  const firstTreePage = open.root.pages.length + 1;
  const lastPage = tree.root.pages.findIndex(({ firstKey }) =>
    firstKey.directory.startsWith('share'),
  );
  return {
    bin: await open.locate(chunksOf(bin)[0] ?? ('' as Digest)),
    large: await open.locate(chunksOf(large)[20] ?? ('' as Digest)),
    metadata: known(metadata),
    treeRoot: known(open.placement.blobs[open.root.pages.length]),
    treePage: known(open.placement.blobs[firstTreePage + lastPage + 1]),
    manifestPage: known(open.placement.blobs[await pageOfLarge(open, chunksOf(large)[20])]),
  };
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not there');
  return value;
}

type Open = Awaited<ReturnType<typeof openImage>>;

async function pageOfLarge(open: Open, chunk: Digest | undefined): Promise<number> {
  for (const [position, [page]] of open.root.pages.entries())
    if ((await open.chunksOfPage(page)).some(({ digest }) => digest === chunk)) return position;
  throw new Error('no page has it');
}

async function inodeAt(open: Open, path: string): Promise<FileInode> {
  const { inode } = await (await open.tree()).lookupFollowing(path);
  if (inode.type !== 'file') throw new Error(`no file: ${path}`);
  return inode;
}

function chunksOf(inode: unknown): Digest[] {
  const { content } = inode as { content?: FileInode['content'] };
  if (content?.kind === 'small' && content.place.in === 'chunk') return [content.place.chunk];
  return content?.kind === 'chunked' ? content.runs.flatMap((run) => run.digests) : [];
}

async function readFile(open: Open, path: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of createFileReader(open).read(await inodeAt(open, path))) parts.push(part);
  return Buffer.concat(parts);
}

type Outcome = 'good' | { code: string; files: readonly string[]; message: string };

/** Reads all that can be read of the image in each way, and says how it went; wrong bytes fail the test. */
async function readAll(fixture: Fixture): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const attempt = async (name: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      outcomes.set(name, 'good');
    } catch (error) {
      const failure = await failureOf(() => Promise.reject(error));
      const { code, message, data } = failure;
      outcomes.set(name, { code, message, files: (data['files'] as string[] | undefined) ?? [] });
    }
  };
  const { imageStore, image, other } = fixture;
  await attempt('/whole', async () => {
    const bytes = await readFile(await openImage(imageStore, other), 'whole');
    expect(bytes.equals(pattern(200_000, 99))).toBe(true);
  });
  let open: Open | undefined;
  await attempt('open', async () => {
    open = await openImage(imageStore, image);
  });
  if (open === undefined) return outcomes;
  const opened = open;
  for (const path of [
    'bin/small-one',
    'bin/small-link',
    'bin/small-two',
    'lib/large',
    'lib/medium',
    'share/d0/f0',
    'share/d39/f19',
  ]) {
    await attempt(`/${path}`, async () => {
      const entry = files[path];
      const expected = Buffer.isBuffer(entry) ? entry : files['bin/small-one'];
      const bytes = await readFile(opened, path);
      expect(bytes.equals(Buffer.isBuffer(expected) ? expected : Buffer.of())).toBe(true);
    });
  }
  await attempt('disk', async () => {
    for (const [page] of opened.root.pages)
      for (let chunk = 0; chunk < 1024; chunk += 1)
        if (page * 1024 + chunk < opened.root.diskBytes / chunkBytes)
          await opened.readChunk(page * 1024 + chunk);
  });
  return outcomes;
}

const codeIn = (outcome: Outcome | undefined): string =>
  outcome === undefined ? 'not tried' : outcome === 'good' ? 'good' : outcome.code;

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
    else await objects.replace(key, Buffer.concat([bytes, Buffer.alloc(40 * mib)]));
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
