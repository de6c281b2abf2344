import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasProgram } from '../../oci/support/programs.ts';
import { isRoot, scratchDir } from '../../support/scratch.ts';
import { listTree } from '../../support/tree-listing.ts';
import { makeManyRuns, makeSampleTree } from '../../tar/support/sample-tree.ts';
import { takesXattrs } from '../../tar/support/tools.ts';
import { xattrsOf } from '../../tar/support/walk-tree.ts';
import type { Digest } from '../../../src/digest/digest.ts';
import type { ImageStore } from '../../../src/image/image-store.ts';
import { loadTree } from '../../../src/image/load-tree.ts';
import { openImage } from '../../../src/image/open-image.ts';
import type { TestLayer } from '../../oci/support/build-image.ts';
import { listImage, sketchImage } from './support/imported-tree.ts';
import { importSource, layoutOf, layoutOfTars, startRun } from './support/import-layers.ts';
import { directory, file, opaque, symlink, tarOf } from './support/layer-records.ts';
import { unpackWithUmoci } from './support/unpack-with.ts';

const emptyTar = Buffer.alloc(1024);

describe('the forms of a layer', () => {
  const scratch = scratchDir('layer-formats');
  const importTars = async (name: string, layers: readonly TestLayer[]) => {
    const run = startRun(scratch);
    const { digest } = await importSource(run, layoutOfTars(join(scratch, name), layers));
    return { run, digest };
  };

  it('may be plain, gzip or zstd, with one image as the result', async () => {
    const tars = [
      await tarOf([directory('d'), file('d/f', Buffer.alloc(200_000, 'content '))]),
      await tarOf([file('d/g')]),
    ];
    const digests = new Set<string>();
    for (const compression of ['none', 'gzip', 'zstd'] as const) {
      const layers = tars.map((tar) => ({ tar, compression }));
      const { run, digest } = await importTars(`compressed-${compression}`, layers);
      using _ = run;
      digests.add(digest);
    }
    expect(digests.size).toBe(1);
  });

  it.each([
    ['no layers', []],
    ['a layer of two zero blocks', [emptyTar]],
    ['a layer of no bytes', [Buffer.alloc(0)]],
  ])('an image of %s is an empty root directory', async (name, tars) => {
    const layers = tars.map((tar) => ({ tar, compression: 'gzip' as const }));
    const { run, digest } = await importTars(name.replaceAll(' ', '-'), layers);
    using _ = run;
    expect(await listImage(run.imageStore, digest)).toEqual(['"" 40755 0 0 0']);
  });

  it('an empty layer among others changes nothing', async () => {
    const [low, high] = [await tarOf([file('f', 'old')]), await tarOf([file('f', 'new')])];
    const layers = [low, emptyTar, high, emptyTar].map((tar) => ({
      tar,
      compression: 'gzip' as const,
    }));
    const { run, digest } = await importTars('with-empty', layers);
    using _ = run;
    expect([...(await sketchImage(run.imageStore, digest))]).toEqual([
      ['', 'dir 755'],
      ['f', '"new"'],
    ]);
  });

  it('the entry of the root gives the root directory its mode, owner and time', async () => {
    using run = startRun(scratch);
    const root = { mode: 0o711, uid: 5, gid: 6, mtimeSec: 77, mtimeNsec: 8 };
    const source = await layoutOf(join(scratch, 'root-entry'), [
      [directory('', { mode: 0o700 }), file('f')],
      [directory('', root)],
    ]);
    const { digest } = await importSource(run, source);
    expect((await listImage(run.imageStore, digest))[0]).toBe('"" 40711 5 6 77000000008');
  });

  it('an opaque marker in the root hides all that is below', async () => {
    using run = startRun(scratch);
    const layers = [
      [directory('d'), file('d/f'), file('g')],
      [opaque(''), file('new')],
    ];
    const source = await layoutOf(join(scratch, 'opaque-root'), layers);
    const { digest } = await importSource(run, source);
    expect([...(await sketchImage(run.imageStore, digest)).keys()]).toEqual(['', 'new']);
  });

  it('whiteouts in a plain root file system are files like any other', async () => {
    using run = startRun(scratch);
    const archive = join(scratch, 'plain.tar');
    const names = ['.wh.f', 'd/.wh..wh..opq', 'd/.wh..', 'f', '.wh..wh.plnk/1.2'];
    writeFileSync(archive, await tarOf(names.map((name) => file(name))));
    const { digest } = await importSource(run, `tar:${archive}`);
    const sketches = await sketchImage(run.imageStore, digest);
    expect(names.map((name) => sketches.get(name))).toEqual(names.map((name) => `"${name}"`));
  });

  it('a symbolic link has the mode that Linux gives it, whatever the archive says', async () => {
    using run = startRun(scratch);
    const source = await layoutOf(join(scratch, 'link-mode'), [
      [symlink('l', 't', { mode: 0o600 })],
    ]);
    const { digest } = await importSource(run, source);
    expect((await listImage(run.imageStore, digest))[1]).toMatch(/^"l" 120777 /);
  });

  it('links into the records of aufs lead to the file, and the records are gone', async () => {
    using run = startRun(scratch);
    const source = await layoutOf(join(scratch, 'aufs'), [
      [
        file('.wh..wh.aufs', ''),
        directory('.wh..wh.plnk'),
        file('.wh..wh.plnk/12.34', 'shared'),
        directory('.wh..wh.orph'),
        file('.wh..wh.orph/f'),
        file('d/.wh..wh.note', ''),
        ...['a', 'b'].map((path) => ({
          entry: {
            ...file(path).entry,
            type: 'hardlink' as const,
            sizeBytes: 0,
            linkTarget: '.wh..wh.plnk/12.34',
          },
        })),
      ],
    ]);
    const { digest } = await importSource(run, source);
    expect(Object.fromEntries(await sketchImage(run.imageStore, digest))).toEqual({
      '': 'dir 755',
      a: '"shared"',
      b: '= a',
    });
  });
});

const missing = !isRoot ? 'needs root' : hasProgram('umoci') ? null : 'needs umoci';

describe(`what GNU tar writes${missing === null ? '' : ` (${missing})`}`, () => {
  const scratch = scratchDir('gnu-layers');

  it.skipIf(missing !== null).each(['gnu', 'posix'])(
    'in the format %s comes in as umoci unpacks it: long names, holes, numbers, links, devices, xattrs',
    async (format) => {
      const tree = join(scratch, format);
      mkdirSync(tree);
      const isPosix = format === 'posix';
      const xattrs = isPosix && (await takesXattrs());
      await makeSampleTree(tree, {
        longNames: 'any',
        devices: true,
        largeNumbers: isPosix,
        xattrs,
      });
      await makeManyRuns(join(tree, 'runs'), 60);
      // umoci counts nanoseconds in 64 bits, which end in 2262.
      if (isPosix) await utimes(join(tree, 'late-time'), 7_258_118_400, 7_258_118_400);
      const options = [`--format=${format}`, '--sparse', '--numeric-owner', '--xattrs'];
      const tar = execFileSync(
        'tar',
        [...options, '--xattrs-include=*', '-C', tree, '-cf', '-', '.'],
        { env: { ...process.env, LC_ALL: 'C.UTF-8' }, maxBuffer: 1 << 26 },
      );
      using run = startRun(scratch);
      const layout = join(scratch, `${format}-layout`);
      const source = layoutOfTars(layout, [{ tar, compression: 'gzip' }]);
      const { digest } = await importSource(run, source);
      const unpacked = await unpackWithUmoci(layout, join(scratch, `${format}-out`));
      expect(await listImage(run.imageStore, digest)).toEqual(await listTree(unpacked));

      const paths = ['dir', '', ...(xattrs ? ['with-xattrs'] : [])];
      const ours = await importedXattrs(run.imageStore, digest, paths);
      const theirs = await Promise.all(paths.map((path) => xattrsOf(unpacked, path)));
      expect(ours.map(Object.entries)).toEqual(theirs.map(unescapedEntries));
      expect(Object.keys(ours[2] ?? {})).toHaveLength(xattrs ? 3 : 0);
    },
  );
});

/** GNU tar escapes "=" and "%" in names; umoci takes the escapes for the name. */
function unescapedEntries(xattrs: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(xattrs).map(([name, value]) => [decodeURIComponent(name), value]);
}

async function importedXattrs(
  imageStore: ImageStore,
  digest: Digest,
  paths: readonly string[],
): Promise<Record<string, string>[]> {
  const { tree } = await loadTree(imageStore, await openImage(imageStore, digest));
  return paths.map((path) =>
    Object.fromEntries(
      (tree.lookup(path)?.inode.xattrs ?? []).map(({ name, value }) => [
        name,
        value.toString('hex'),
      ]),
    ),
  );
}
