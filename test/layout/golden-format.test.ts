import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, describe } from 'vitest';
import {
  encodePackHeader,
  encodePackIndex,
  type PackLocation,
} from '../../src/chunks/pack-format.ts';
import { type Digest, digestOf } from '../../src/digest/digest.ts';
import { exportDisk } from '../../src/image/disk/export-disk.ts';
import type { ImageConfig } from '../../src/image/image-root.ts';
import { createImageStore } from '../../src/image/image-store.ts';
import { openImage } from '../../src/image/open-image.ts';
import { encodePlacement } from '../../src/image/placement.ts';
import { writeImage } from '../../src/image/write-image.ts';
import { createContentIntake } from '../../src/intake/content-intake.ts';
import { createFileSpool } from '../../src/intake/file-spool.ts';
import { imageKey } from '../../src/store/store-paths.ts';
import * as layoutParameters from '../../src/layout/layout-parameters.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import type { FileTree } from '../../src/tree/file-tree.ts';
import { chunkBytes, type Content, type Inode } from '../../src/tree/inode.ts';
import { decodeTreeRoot } from '../../src/tree/tree-root.ts';
import { sharedAcl } from '../ext4/support/acl.ts';
import { scratchDir } from '../support/scratch.ts';
import { e2fsckComplaints } from './support/judges.ts';
import { device, directory, file, pipe, symlink, treeOf } from './support/make-tree.ts';
import { mib } from './support/write-disk.ts';

const goldenFile = new URL('../golden/image-format-1.json', import.meta.url);
const scratch = scratchDir('golden');

const comment =
  'The bytes of image format 1. When one of these changes, images of before and after share nothing ' +
  'or cannot be read: that needs a new format version, never a new golden file alone. ' +
  'A new one is written when ASHLAR_WRITE_GOLDEN=1 is set.';

const config: ImageConfig = {
  architecture: 'amd64',
  os: 'linux',
  config: { Env: ['PATH=/bin'], Cmd: ['node', '-v'], WorkingDir: '/srv' },
};

const numbered = (
  count: number,
  path: string,
  make: (index: number) => Inode,
): Record<string, Inode> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${path}${index}`, make(index)]));

/** Everything that a tree can hold, once. */
function goldenTree(
  contentOf: (bytes: Buffer) => Content,
  { large, huge }: { readonly large: Content; readonly huge: Content },
): FileTree {
  const text = (text: string, times = 1): { sizeBytes: number; content: Content } => {
    const bytes = Buffer.from(text.repeat(times));
    return { sizeBytes: bytes.length, content: contentOf(bytes) };
  };
  const linked = file({ ...text('linked'), mode: 0o4755 });
  return treeOf(
    {
      dev: directory(),
      'dev/null': device('char', { major: 1, minor: 3 }),
      'dev/disk': device('block', { major: 259, minor: 70_000 }),
      etc: directory(),
      'etc/hostname': file(text('golden\n')),
      'etc/times': file({ mtime: { sec: -1, nsec: 999_999_999 } }),
      'etc/owner': file({ uid: 70_000, gid: 70_001, mtime: { sec: 5_000_000_000, nsec: 1 } }),
      'etc/acl': file({
        ...text('acl'),
        xattrs: [{ name: 'system.posix_acl_access', value: sharedAcl }],
      }),
      'etc/xattrs': file({
        xattrs: [
          { name: 'user.large', value: Buffer.alloc(500, 'x') },
          { name: 'user.small', value: Buffer.from('y') },
        ],
      }),
      'etc/note': file({ xattrs: [{ name: 'user.note', value: Buffer.from('in the inode') }] }),
      run: directory({ mode: 0o1777 }),
      'run/pipe': pipe('fifo'),
      'run/socket': pipe('socket'),
      usr: directory(),
      'usr/short': symlink('etc/hostname'),
      'usr/long': symlink('long/'.repeat(20)),
      'usr/linked': linked,
      'usr/linked-too': linked,
      'usr/page': file(text('block ', 2000)),
      'usr/large': file({ sizeBytes: 300_000, content: large }),
      'usr/zeros': file({ sizeBytes: 1_000_000 }),
      'usr/\xff\xfe': file(text('not UTF-8')),
      var: directory(),
      'var/many': directory(),
      // More than one page, slab of inodes, slab of directories, and bin; a directory with an index.
      ...numbered(800, 'var/many/', (index) => (index < 560 ? linked : file())),
      ...numbered(160, 'var/directory-', () => directory()),
      ...numbered(120, 'var/small-', (index) =>
        file(text(`small ${index}`, 40 * (1 + (index % 20)))),
      ),
      'var/placed-by-itself': file({ sizeBytes: 70 * chunkBytes, content: huge }),
    },
    directory({ mtime: { sec: 1_700_000_000, nsec: 123_456_789 } }),
  );
}

async function imageParts(): Promise<Record<string, unknown>> {
  using imageStore = createImageStore(createMemoryObjectStore(), null);
  using spool = createFileSpool(scratch);
  const writer = imageStore.createWriter();
  const blobs = new Map<Digest, Buffer>();
  const watched: typeof writer = {
    ...writer,
    async add(digest, plain) {
      blobs.set(digest, Buffer.from(plain));
      await writer.add(digest, plain);
    },
  };
  const intake = createContentIntake(watched, spool);
  const large = await intake.addFile(300_000, segments());
  const huge = await intake.addFile(70 * chunkBytes, manyChunks());
  const tree = goldenTree((bytes) => intake.addSmall(bytes), { large, huge });
  const written = await writeImage(imageStore, {
    tree,
    config,
    diskBytes: 32 * mib,
    provenance: null,
    writer: watched,
  });
  const image = await openImage(imageStore, written.digest);
  const disk = join(scratch, 'disk.raw');
  await exportDisk(image, disk);
  expect(await e2fsckComplaints(disk)).toBe('');
  const hexOf = (digest: Digest): string => blobs.get(digest)?.toString('hex') ?? 'missing';
  const root = blobs.get(image.root.tree) ?? Buffer.alloc(0);
  const pages = decodeTreeRoot(root).pages.map(({ digest }) => digest);
  return {
    image: written.digest,
    disk: digestOf(await readFile(disk)),
    manifestPages: image.root.pages.map(([number, digest]) => [number, hexOf(digest)]),
    root: (await imageStore.objects.get(imageKey(written.digest, 'root'))).toString('utf8'),
    treeRoot: root.toString('hex'),
    treePages: pages,
    firstTreePage: hexOf(pages[0] ?? image.root.tree),
  };
}

/** 300,000 bytes with a hole of a chunk in them. */
async function* segments(): AsyncIterable<{ offset: number; bytes: Buffer }> {
  yield { offset: 0, bytes: Buffer.alloc(65_536, 'first ') };
  yield { offset: 131_072, bytes: Buffer.alloc(168_928, 'last ') };
}

async function* manyChunks(): AsyncIterable<{ offset: number; bytes: Buffer }> {
  for (let index = 0; index < 70; index += 1)
    yield { offset: index * chunkBytes, bytes: Buffer.alloc(chunkBytes, `chunk ${index}`) };
}

/** Packs and placements made by hand: what zstd makes of a chunk is no part of the format. */
function storedParts(): Record<string, unknown> {
  const records = [16, 1001].map((offset) => ({
    digest: digestOf(Buffer.from(`record ${offset}`)),
    offset,
    storedBytes: 900,
    plainBytes: 65_536,
    codec: offset === 16 ? ('raw' as const) : ('zstd' as const),
  }));
  const placement = {
    blobs: [location('one', 16), location('two', 17)],
    pages: [[location('one', 400), location('three', 16)], [], [location('two', 2 ** 26 - 1)]],
  };
  return {
    packHeader: encodePackHeader().toString('hex'),
    packIndex: encodePackIndex(records).toString('hex'),
    placement: encodePlacement(placement).bytes.toString('hex'),
  };
}

function location(name: string, offset: number): PackLocation {
  return {
    pack: digestOf(Buffer.from(name)),
    offset,
    storedBytes: 60_000 + (offset % 5000),
    plainBytes: 65_536,
    codec: offset % 2 === 0 ? 'raw' : 'zstd',
  };
}

describe('image format 1', () => {
  it('is, byte for byte, what the golden file says', async () => {
    const made: unknown = JSON.parse(
      JSON.stringify({
        comment,
        layoutParameters,
        ...(await imageParts()),
        ...storedParts(),
      }),
    );
    if (process.env['ASHLAR_WRITE_GOLDEN'] === '1')
      await writeFile(goldenFile, `${JSON.stringify(made, null, 2)}\n`);
    const golden: unknown = JSON.parse(await readFile(goldenFile, 'utf8'));
    expect(made).toEqual(golden);
  });
});
