import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { applyLayer, type ApplyLayerOptions } from '../../../builder/import/apply-layer.ts';
import { impliedDirectory } from '../../../builder/import/implied-directory.ts';
import { createImageStore } from '../../../src/image/image-store.ts';
import { createContentIntake } from '../../../src/intake/content-intake.ts';
import { createFileSpool } from '../../../src/intake/file-spool.ts';
import { createMemoryObjectStore } from '../../../src/store/memory-object-store.ts';
import { defaultTarLimits } from '../../../src/tar/tar-limits.ts';
import { createTarReader } from '../../../src/tar/tar-reader.ts';
import type { TarRecord } from '../../tar/support/tar-writer.ts';
import { createFileTree, type FileTree } from '../../../src/tree/file-tree.ts';
import { orderTree } from '../../../src/tree/tree-order.ts';
import { scratchDir } from '../../support/scratch.ts';
import { device, directory, file, hardLink, symlink, tarOf } from './support/layer-records.ts';

const opaqueMark = { name: 'trusted.overlay.opaque', value: Buffer.from('y') };
const note = { name: 'user.note', value: Buffer.from('kept') };

describe('applyLayer', () => {
  const scratch = scratchDir('apply-layer');
  const imageStore = createImageStore(createMemoryObjectStore(), null);
  const spool = createFileSpool(join(scratch, 'tmp'));
  afterAll(() => {
    spool[Symbol.dispose]();
    imageStore[Symbol.dispose]();
  });

  const apply = async (
    tree: FileTree,
    records: readonly TarRecord[],
    options: Partial<ApplyLayerOptions> = {},
  ): Promise<void> => {
    const label = 'the layer';
    const source = Readable.from([await tarOf(records)]);
    await using reader = createTarReader(source, { limits: defaultTarLimits, label });
    const intake = createContentIntake(imageStore.createWriter(), spool);
    const common = { tree, reader, intake, label, dialect: 'oci' as const, maxContentBytes: 1000 };
    await applyLayer({ ...common, ...options });
  };
  const treeOf = async (records: readonly TarRecord[]): Promise<FileTree> => {
    const tree = createFileTree(impliedDirectory);
    await apply(tree, records);
    return tree;
  };
  const pathsOf = (tree: FileTree): string[] => orderTree(tree).map(({ path }) => path);
  const base = [directory('d'), file('d/f'), directory('d/s'), file('d/s/f'), file('f'), file('g')];

  it('takes devices 0:0 of an overlay for whiteouts, and no others', async () => {
    const tree = await treeOf(base);
    const layer = [
      device('f', 0, 0),
      device('d/s', 0, 0),
      device('g', 1, 3),
      device('none/x', 0, 0),
    ];
    await apply(tree, layer, { dialect: 'overlay' });
    expect(pathsOf(tree)).toEqual(['', 'g', 'd', 'd/f']);
    expect(tree.lookup('g')?.inode).toMatchObject({ type: 'char', major: 1, minor: 3 });
  });

  it('takes any number of whiteouts of an overlay, which are no devices', async () => {
    const tree = await treeOf(base);
    const names = Array.from({ length: 10_001 }, (_, number) => device(`${number}`, 0, 0));
    await apply(tree, [...names, device('f', 0, 0)], { dialect: 'overlay' });
    expect(tree.lookup('f')).toBeUndefined();
  });

  it('takes the mark of an opaque directory of an overlay, and leaves it out of the image', async () => {
    const tree = await treeOf(base);
    const marked = directory('d', { mode: 0o700, xattrs: [opaqueMark, note] });
    await apply(tree, [marked, file('d/new')], { dialect: 'overlay' });
    expect(pathsOf(tree)).toEqual(['', 'f', 'g', 'd', 'd/new']);
    expect(tree.lookup('d')?.inode).toMatchObject({ mode: 0o700, xattrs: [note] });
  });

  it('keeps the records of overlayfs out of images from outside', async () => {
    const tree = await treeOf([directory('d', { xattrs: [opaqueMark, note] }), file('d/f')]);
    expect(tree.lookup('d')?.inode.xattrs).toEqual([note]);
  });

  it('takes names like whiteouts for files where the layer is a plain archive or an overlay', async () => {
    for (const dialect of ['plain', 'overlay'] as const) {
      const tree = await treeOf(base);
      await apply(tree, [file('.wh.f'), file('d/.wh..wh..opq')], { dialect });
      expect(pathsOf(tree)).toHaveLength(base.length + 3);
    }
  });

  it('caps times, and nothing that is older', async () => {
    const tree = createFileTree(impliedDirectory);
    const times = [
      [999, 5],
      [1000, 0],
      [1000, 5],
      [2000, 7],
      [-5, 1],
    ] as const;
    const records = times.map(([mtimeSec, mtimeNsec], number) =>
      file(`${number}`, '', { mtimeSec, mtimeNsec }),
    );
    await apply(tree, records, { latestSec: 1000 });
    const found = times.map((_, number) => tree.lookup(`${number}`)?.inode.mtime);
    expect(found).toEqual([
      { sec: 999, nsec: 5 },
      { sec: 1000, nsec: 0 },
      { sec: 1000, nsec: 0 },
      { sec: 1000, nsec: 0 },
      { sec: -5, nsec: 1 },
    ]);
  });

  it('unpacks below a directory; its links lead where they do for the whole tree', async () => {
    const tree = await treeOf(base);
    const records = [
      file('f', 'below'),
      symlink('up', '/d'),
      file('up/through', 'x'),
      hardLink('same', 'f'),
      directory('', { mode: 0o711 }),
    ];
    await apply(tree, records, { dialect: 'plain', root: 'opt/app' });
    const outside = ['', 'f', 'g', 'd', 'd/f', 'd/through', 'd/s', 'd/s/f', 'opt'];
    const inside = ['opt/app', 'opt/app/f', 'opt/app/same', 'opt/app/up'];
    expect(pathsOf(tree)).toEqual([...outside, ...inside]);
    expect(tree.lookup('opt/app')?.inode.mode).toBe(0o711);
    expect(tree.lookup('opt/app/same')?.inode).toBe(tree.lookup('opt/app/f')?.inode);
    expect(tree.root.inode.mode).toBe(0o755);
  });

  it('bounds the bytes of one layer', async () => {
    const tree = await treeOf(base);
    const large = [file('a', Buffer.alloc(600)), file('b', Buffer.alloc(600))];
    await expect(apply(tree, large)).rejects.toMatchObject({
      code: 'layer_hostile',
      message: 'the layer unpacks to over 1000 bytes, the last /b',
    });
  });
});
