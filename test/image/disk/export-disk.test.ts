import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createImageStore } from '../../../src/image/image-store.ts';
import { exportDisk } from '../../../src/image/disk/export-disk.ts';
import { type OpenImage, openImage } from '../../../src/image/open-image.ts';
import { updateDisk } from '../../../src/image/disk/update-disk.ts';
import { AshlarError } from '../../../src/errors/ashlar-error.ts';
import { createMemoryObjectStore } from '../../../src/store/memory-object-store.ts';
import { packKey } from '../../../src/store/store-paths.ts';
import { chunkBytes } from '../../../src/tree/inode.ts';
import { mountTmpfs, whyNoMount } from '../../support/tmpfs-mount.ts';
import { pattern } from '../../support/awkward-tree.ts';
import { scratchDir } from '../../support/scratch.ts';
import { collect, failureOf } from '../../support/failures.ts';
import { hookStore, keysOf } from '../../support/hooked-store.ts';
import { writeSample } from '../support/sample-image.ts';

const scratch = scratchDir('export');
const whyNot = await whyNoMount();
const mib = 1024 * 1024;
const repeated = Buffer.concat(Array.from({ length: 40 }, () => pattern(chunkBytes, 2)));
const files = { large: pattern(6 * mib, 1), repeated, small: Buffer.from('small') };

async function fixture() {
  const store = createMemoryObjectStore();
  const imageStore = createImageStore(store, null);
  const image = await openImage(imageStore, (await writeSample(imageStore, files)).digest);
  return { store, imageStore, image };
}

/** A hash over the disk as `readChunk` gives it. */
async function hashOf(image: OpenImage): Promise<string> {
  const hash = createHash('sha256');
  const zeros = Buffer.alloc(chunkBytes);
  for (let index = 0; index < image.root.diskBytes / chunkBytes; index += 1)
    hash.update((await image.readChunk(index)) ?? zeros);
  return hash.digest('hex');
}

function hashFile(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

describe('an exported disk', () => {
  it('has the bytes of the image, and holes where it is zero', async () => {
    const { image } = await fixture();
    const path = join(scratch, 'whole.raw');
    await exportDisk(image, path);
    expect(hashFile(path)).toBe(await hashOf(image));
    const { size, blocks } = statSync(path);
    expect(size).toBe(image.root.diskBytes);
    const chunks = (await collect(image.chunks())).length;
    expect(blocks * 512).toBeLessThanOrEqual((chunks + 2) * chunkBytes);
  });

  it('is not written over a file, nor where none can be', async () => {
    const { image } = await fixture();
    const file = join(scratch, 'there.raw');
    writeFileSync(file, 'precious');
    mkdirSync(join(scratch, 'directory.raw'));
    for (const path of [
      file,
      join(scratch, 'directory.raw'),
      join(scratch, 'no/such/x.raw'),
      join(file, 'x.raw'),
    ])
      expect((await failureOf(exportDisk(image, path))).code, path).toBe('invalid_request');
    expect(readFileSync(file, 'utf8')).toBe('precious');
  });

  it('is removed when a chunk is damaged, and the error says which files are', async () => {
    const { store, image } = await fixture();
    const path = join(scratch, 'damaged.raw');
    const [key = ''] = await keysOf(store, 'packs/');
    const good = await store.get(key);
    const { inode } = await (await image.tree()).lookupFollowing('large');
    if (inode.type !== 'file' || inode.content.kind !== 'chunked') throw new Error('not chunked');
    const chunk = inode.content.runs[0]?.digests[50];
    if (chunk === undefined) throw new Error('no chunk');
    const bad = Buffer.from(good);
    const { offset } = await image.locate(chunk);
    bad.writeUInt8(bad.readUInt8(offset + 9) ^ 1, offset + 9);
    await store.replace(key, bad);
    expect(await failureOf(exportDisk(image, path))).toMatchObject({
      code: 'chunk_corrupt',
      data: { image: image.digest, files: ['/large'], digest: chunk },
    });
    await store.replace(key, good.subarray(0, good.length / 2));
    expect(await failureOf(exportDisk(image, path))).toMatchObject({
      code: 'pack_corrupt',
      data: { image: image.digest },
    });
    expect(existsSync(path)).toBe(false);
  });

  it('is removed when the export is interrupted', async () => {
    const { store, image } = await fixture();
    const path = join(scratch, 'interrupted.raw');
    const abort = new AbortController();
    const reason = new AshlarError('interrupted', 'enough');
    let reads = 0;
    const slow = hookStore(store, {
      before(call) {
        if (call === 'getRange' && (reads += 1) === 3) abort.abort(reason);
      },
    });
    using imageStore = createImageStore(slow, null);
    const opened = await openImage(imageStore, image.digest);
    expect(await failureOf(exportDisk(opened, path, abort.signal))).toBe(reason);
    expect(existsSync(path)).toBe(false);
  });

  it.skipIf(whyNot !== null)(
    `is disk_full, and removed, on each size of disk that is too small${whyNot === null ? '' : ` (${whyNot})`}`,
    async () => {
      const { image } = await fixture();
      await using mount = await mountTmpfs(16 * mib);
      const path = join(mount.path, 'disk.raw');
      await exportDisk(image, path);
      const neededBytes = statSync(path).blocks * 512;
      expect(neededBytes).toBeLessThan(16 * mib);
      // Also where the last write is cut off in its middle.
      for (const missing of [4096, 3 * 4096, chunkBytes, mib, neededBytes - 4096]) {
        await using small = await mountTmpfs(neededBytes - missing);
        const tooFar = join(small.path, 'disk.raw');
        expect((await failureOf(exportDisk(image, tooFar))).code).toBe('disk_full');
        expect(existsSync(tooFar)).toBe(false);
      }
    },
  );
});

describe('a disk that is turned into another', () => {
  it('is the same as an export of that', async () => {
    const { imageStore, image } = await fixture();
    const other = await openImage(
      imageStore,
      (await writeSample(imageStore, { large: pattern(4 * mib, 1), new: pattern(mib, 9) })).digest,
    );
    const path = join(scratch, 'turned.raw');
    await exportDisk(image, path);
    for (const [from, to] of [
      [image, other],
      [other, image],
    ] as const) {
      await updateDisk({ path, from, to });
      expect(hashFile(path)).toBe(await hashOf(to));
    }
  });

  it('names the files of the image when a pack is missing', async () => {
    const { store, imageStore, image } = await fixture();
    const other = await openImage(
      imageStore,
      (await writeSample(imageStore, { new: pattern(mib, 9) })).digest,
    );
    const path = join(scratch, 'half-turned.raw');
    await exportDisk(other, path);
    const { inode } = await (await image.tree()).lookupFollowing('large');
    if (inode.type !== 'file' || inode.content.kind !== 'chunked') throw new Error('not chunked');
    const { pack } = await image.locate(inode.content.runs[0]?.digests[0] ?? image.digest);
    await store.delete(packKey(pack));
    expect(await failureOf(updateDisk({ path, from: other, to: image }))).toMatchObject({
      code: 'pack_missing',
      data: { image: image.digest, pack },
    });
  });
});
