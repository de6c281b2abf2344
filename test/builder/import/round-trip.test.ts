import { execFileSync } from 'node:child_process';
import { createReadStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importImage } from '../../../builder/import/import-image.ts';
import {
  createImageStore,
  createLedger,
  exportDisk,
  type ImageSource,
  openImage,
} from '../../../src/index.ts';
import { createMemoryObjectStore } from '../../../src/store/memory-object-store.ts';
import { makeAwkwardTree } from '../../support/awkward-tree.ts';
import { e2fsckComplaints } from '../../layout/support/judges.ts';
import { mounted } from '../../support/mounted.ts';
import { isRoot, scratchDir } from '../../support/scratch.ts';
import { listTree, listXattrs } from '../../support/tree-listing.ts';

const gib = 1024 ** 3;

describe.skipIf(!isRoot)('an imported root file system (needs root to mount)', () => {
  const scratch = scratchDir('round-trip');
  const source = join(scratch, 'source');
  const disk = join(scratch, 'disk.raw');

  it('is a disk that e2fsck and the kernel accept and that holds the same files', async () => {
    mkdirSync(source);
    makeAwkwardTree(source, { manyFiles: 50_000, sparseBytes: 5 * gib });
    const archive = join(scratch, 'source.tar');
    execFileSync(
      'tar',
      [
        '--format=posix',
        '--sparse',
        '--xattrs',
        '--xattrs-include=*',
        '--numeric-owner',
        '-C',
        source,
        '-cf',
        archive,
        '.',
      ],
      {
        env: { ...process.env, LC_ALL: 'C.UTF-8' },
      },
    );
    using imageStore = createImageStore(createMemoryObjectStore(), null);
    const written = await importImage({
      imageStore,
      source: plainTar(archive),
      diskBytes: 8 * gib,
      tempDir: join(scratch, 'tmp'),
      ledger: createLedger(),
    });
    await exportDisk(await openImage(imageStore, written.digest), disk);

    expect(await e2fsckComplaints(disk)).toBe('');
    const expected = await listTree(source);
    const expectedXattrs = await listXattrs(source);
    await mounted(disk, 'ro', async (directory) => {
      expect(await listTree(directory)).toEqual(expected);
      expect(await listXattrs(directory)).toBe(expectedXattrs);
    });
  });

  it('can be written to and is still clean', async () => {
    await mounted(disk, 'rw', async (directory) => {
      execFileSync('sh', ['-ec', writeToIt], { cwd: directory });
    });
    expect(await e2fsckComplaints(disk)).toBe('');
  });
});

const writeToIt = `
  cp -a plain plain-copy
  rm -r dirs names
  mkdir -p new/a/b
  for i in $(seq 300); do echo "$i" >"many/new-$i"; rm "many/file-number-$i"; done
  head -c 50000000 /dev/urandom >new/large
  mv links/large new/moved
  setfattr -n user.later -v added xattrs/large xattrs/one
  chmod 600 plain/one
`;

function plainTar(file: string): ImageSource {
  return {
    description: `tar:${file}`,
    resolvedDigest: null,
    manifestDigest: null,
    config: null,
    layers: [
      {
        digest: null,
        diffId: null,
        sizeBytes: null,
        compression: 'none',
        open: () => createReadStream(file, { highWaterMark: 524_288 }),
      },
    ],
    async [Symbol.asyncDispose]() {},
  };
}
