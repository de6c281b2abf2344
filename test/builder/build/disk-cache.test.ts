import { mkdir, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDiskCache } from '../../../builder/build/disk-cache.ts';
import { createImageStore, type Digest, digestOf } from '../../../src/index.ts';
import { openObjectStore } from '../../../src/store/open-object-store.ts';
import { imageKey } from '../../../src/store/store-paths.ts';
import { scratchDir } from '../../support/scratch.ts';
import { compareDisks } from './compare-disks.ts';
import { type BuildBench, createBuildBench, importArchive, mib, whyNoSteps } from './fixture.ts';

const image = (name: string): Digest => digestOf(Buffer.from(name));

describe('a cache of disks', () => {
  const scratch = scratchDir('disk-cache');
  let count = 0;
  const directoryOf = (): string => join(scratch, `disks-${(count += 1)}`);
  const madeDisk = async (bytes = 4096): Promise<string> => {
    const path = join(scratch, `disk-${(count += 1)}`);
    await writeFile(path, Buffer.alloc(bytes, 'x'));
    return path;
  };

  it('gives a disk to one of many who ask for it at once', async () => {
    const directory = directoryOf();
    const cache = createDiskCache(directory, mib);
    await cache.keep(await madeDisk(), image('a'));
    const [disk] = await cache.list();
    if (disk === undefined) throw new Error('nothing was kept');
    const targets = Array.from({ length: 10 }, (_, index) => join(scratch, `claimed-${index}`));
    const claims = await Promise.all(targets.map((path) => cache.claim(disk, path)));
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await cache.list()).toEqual([]);
    expect((await readdir(scratch)).filter((name) => name.startsWith('claimed-'))).toHaveLength(1);
  });

  it('keeps the disks that were used last, within its limit, and one of each image', async () => {
    const cache = createDiskCache(directoryOf(), 40_000);
    for (const name of ['a', 'b', 'a', 'c', 'd'])
      await cache.keep(await madeDisk(12_288), image(name));
    const kept = (await cache.list()).map((disk) => disk.image);
    expect(kept).toEqual([image('d'), image('c'), image('a')]);
    await cache.keep(await madeDisk(50_000), image('e'));
    expect(await cache.list()).toEqual([]);
  });

  it('removes what another run of the kernel wrote, and leaves alone what is not its own', async () => {
    const directory = directoryOf();
    await mkdir(directory);
    const stale = `00000000-${'a'.repeat(64)}-12345678.raw`;
    const foreign = ['notes.txt', `00000000-${'a'.repeat(63)}-12345678.raw`, 'disk.raw'];
    for (const name of [stale, ...foreign]) await writeFile(join(directory, name), '');
    const cache = createDiskCache(directory, mib);
    await cache.keep(await madeDisk(), image('a'));
    expect(await cache.list()).toHaveLength(1);
    const names = await readdir(directory);
    expect(names).toEqual(expect.arrayContaining(foreign));
    expect(names).not.toContain(stale);
  });

  it('is empty where nothing was kept yet', async () => {
    const cache = createDiskCache(join(scratch, 'nowhere'), mib);
    expect(await cache.list()).toEqual([]);
    const disk = { image: image('a'), path: join(scratch, 'nowhere/disk') };
    expect(await cache.claim(disk, join(scratch, 'claimed'))).toBe(false);
  });
});

describe.skipIf(whyNoSteps !== '')(`disks of builds ${whyNoSteps}`, () => {
  const diskBytes = 24 * mib;
  let bench: BuildBench;
  let disks: string;

  beforeAll(async () => {
    bench = await createBuildBench();
    disks = join(bench.home, 'disks');
  });
  afterAll(async () => {
    await bench?.[Symbol.asyncDispose]();
  });

  /** Holds every cached disk against its image, and gives their number. */
  const heldDisks = async (): Promise<number> => {
    const disks = await compareDisks(bench.store, bench);
    expect(disks.filter(({ difference }) => difference !== '')).toEqual([]);
    return disks.length;
  };
  const run = (of: BuildBench, lines: string, cache: 'use' | 'ignore' = 'ignore') =>
    of.build(`FROM base:test\n${lines}`, { diskBytes, cache });

  it('hold what they are said to hold, after builds in any order', async () => {
    const pool = [
      'RUN echo a >/a',
      'RUN echo a >/a\nRUN head -c 3000000 /dev/zero | tr "\\0" x >/large',
      'RUN head -c 3000000 /dev/zero | tr "\\0" y >/large\nRUN rm /large',
      'RUN rm -r /data /opt',
      'COPY --from=base:test /data /copied\nRUN mv /copied /moved\nRUN echo b >>/moved/a',
      'RUN true',
    ];
    let seed = 7;
    for (let round = 0; round < 10; round += 1) {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      await run(bench, pool[seed % pool.length] ?? '', round % 3 === 0 ? 'use' : 'ignore');
      expect(await heldDisks()).toBeGreaterThan(0);
    }
  });

  it('are not trusted when they were cut short', async () => {
    await run(bench, 'RUN echo before >/file');
    for (const name of await readdir(disks)) await truncate(join(disks, name), 4096);
    const { output } = await run(bench, 'RUN cat /data/a /opt/plain/k');
    expect(output).toBe('ak');
    await heldDisks();
  });

  it('are left alone when their image is damaged, and made anew when it cannot be followed', async () => {
    const first = await run(bench, 'RUN echo damaged >/damaged\nRUN echo on top >/top');
    const held = (await createDiskCache(disks, 1024 * mib).list())[0]?.image;
    if (held === undefined) throw new Error('no disk was kept');
    await bench.store.objects.replace(imageKey(held, 'placement'), Buffer.from('damaged'));
    const again = await run(bench, 'RUN cat /data/a');
    expect(again.output).toBe('a');
    expect(again.digest).not.toBe(first.digest);
    await bench.store.objects.delete(imageKey(held, 'root'));
    await run(bench, 'RUN cat /data/a');
    await rm(disks, { recursive: true });
  });

  it('of another store serve no other image', async () => {
    const other = createImageStore(
      await openObjectStore(pathToFileURL(join(bench.path, 'other-store')).href),
      bench.home,
    );
    await run(bench, 'RUN echo here >/only-here');
    const base = await importArchive(other, {
      archive: bench.baseArchive,
      name: 'base:test',
      home: bench.home,
    });
    expect(base).toBe(bench.base);
    const built = await bench.build('FROM base:test\nRUN cat /only-here 2>/dev/null; cat /data/a', {
      imageStore: other,
      diskBytes,
    });
    expect(built.output).toBe('a');
    other[Symbol.dispose]();
  });

  it('are kept by many builds at once, and each sees its own files', async () => {
    const texts = Array.from(
      { length: 6 },
      (_, index) => `RUN echo ${index} >/f\nRUN cat /f; ls -d /g* || true`,
    );
    const built = await Promise.all(texts.map((text) => run(bench, text)));
    expect(built.map(({ output }) => output.split('\n')[0])).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '5',
    ]);
    await heldDisks();
    const used = await readdir(disks);
    await utimes(join(disks, used[0] ?? ''), 0, 0);
    expect(
      (await readdir(join(bench.home, 'run'))).filter((name) => name.startsWith('step-')),
    ).toEqual([]);
  });
});
