import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip, zstdCompress } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createTempDir, runChecked, type TempDir } from '../../../src/index.ts';
import { findProgram } from '../../../vm/find-program.ts';
import { collectModules } from '../../../vm/guest/kernel-modules.ts';

let dir: TempDir;
beforeEach(async () => {
  dir = await createTempDir(tmpdir(), 'ashlar-modules');
});
afterEach(async () => {
  await dir[Symbol.asyncDispose]();
});

function moduleBytes(name: string, depends: string): Buffer {
  return Buffer.from(`\x7fELF\0license=GPL\0depends=${depends}\0name=${name}\0`, 'latin1');
}

async function putModule(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(join(dir.path, 'kernel', 'drivers'), { recursive: true });
  await writeFile(join(dir.path, 'kernel', 'drivers', path), bytes);
}

const busybox = '/bin/busybox';
const tools = [await findProgram('xz'), await findProgram('busybox')];
const obstacle = tools.includes(undefined) ? ' (skipped: xz or busybox is not installed)' : '';

it.skipIf(obstacle !== '')(
  `loads dependencies first, from plain, gz, xz and zst files${obstacle}`,
  async () => {
    const ring = moduleBytes('virtio_ring', '');
    const virtio = moduleBytes('virtio', 'virtio_ring');
    const rng = moduleBytes('virtio_rng', 'virtio,rng-core');
    const core = moduleBytes('rng_core', '');
    const xz = await runChecked('xz', ['-c'], { input: ring });
    await putModule('virtio_ring.ko.xz', xz.stdout);
    await putModule('virtio.ko.zst', await promisify(zstdCompress)(virtio));
    await putModule('virtio-rng.ko.gz', await promisify(gzip)(rng));
    await putModule('rng-core.ko', core);
    await putModule('unrelated.ko', moduleBytes('unrelated', ''));
    await writeFile(join(dir.path, 'modules.builtin'), 'kernel/fs/ext4/ext4.ko\n');
    const { modules, missing } = await collectModules({
      modulesDir: dir.path,
      required: ['virtio_rng', 'ext4'],
      optional: ['crc32c_intel'],
      busybox,
    });
    expect(missing).toEqual([]);
    expect(modules).toEqual([
      { name: 'virtio_ring', bytes: ring },
      { name: 'virtio', bytes: virtio },
      { name: 'rng_core', bytes: core },
      { name: 'virtio_rng', bytes: rng },
    ]);
  },
);

it('names required modules that the kernel does not have, also as dependencies', async () => {
  await putModule('virtio_blk.ko', moduleBytes('virtio_blk', 'virtio'));
  const { missing } = await collectModules({
    modulesDir: dir.path,
    required: ['virtio_blk', 'ext4'],
    optional: ['virtio_rng'],
    busybox,
  });
  expect(missing).toEqual(['virtio', 'ext4']);
});
