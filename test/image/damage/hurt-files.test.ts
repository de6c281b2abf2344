import { describe, expect, it } from 'vitest';
import { checkStore } from '../../../src/collect/check-store.ts';
import type { Digest } from '../../../src/digest/digest.ts';
import { AshlarError } from '../../../src/errors/ashlar-error.ts';
import type { ErrorCode } from '../../../src/errors/catalogue.ts';
import { findHurtFilesIfReadable } from '../../../src/image/damage/hurt-files.ts';
import { createImageStore } from '../../../src/image/image-store.ts';
import { type OpenImage, openImage } from '../../../src/image/open-image.ts';
import { createMemoryObjectStore } from '../../../src/store/memory-object-store.ts';
import { packKey } from '../../../src/store/store-paths.ts';
import type { TreePage } from '../../../src/tree/tree-page.ts';
import { pattern } from '../../support/awkward-tree.ts';
import { failureOf } from '../../support/failures.ts';
import { hookStore } from '../../support/hooked-store.ts';
import { writeSample } from '../support/sample-image.ts';

async function* unreadable(code: ErrorCode): AsyncGenerator<TreePage> {
  await Promise.reject(new AshlarError(code, 'no page'));
  yield { bins: [], entries: [] };
}

describe('a tree that cannot be read', () => {
  it.each([
    'tree_corrupt',
    'chunk_corrupt',
    'pack_missing',
    'pack_corrupt',
    'manifest_corrupt',
  ] as const)('for %s gives no names, and says that there may be some', async (code) => {
    const hurt = await findHurtFilesIfReadable(unreadable(code), () => true);
    expect(hurt).toEqual({ byChunk: new Map(), isComplete: false });
  });

  it.each(['store_unreachable', 'interrupted', 'store_newer_format', 'internal'] as const)(
    'for %s is not damaged: that is thrown',
    async (code) => {
      const find = findHurtFilesIfReadable(unreadable(code), () => true);
      expect((await failureOf(find)).code).toBe(code);
    },
  );

  it('as the store went away is not called damaged by a read', async () => {
    const store = createMemoryObjectStore();
    using writing = createImageStore(store, null);
    const { digest } = await writeSample(writing, { large: pattern(300_000, 1) });
    const whole = await openImage(writing, digest);
    const chunk = await chunkOf(whole, 'large');
    const { pack, offset } = await whole.locate(chunk);
    const bytes = await store.get(packKey(pack));
    bytes.writeUInt8(bytes.readUInt8(offset + 9) ^ 1, offset + 9);
    await store.replace(packKey(pack), bytes);
    const { index } = await placeOf(whole, chunk);
    let reads = 0;
    const flaky = hookStore(store, {
      before(call, key) {
        // The page and the chunk are read, and once more where the placement says now; then the store is gone.
        if (call === 'getRange' && key === packKey(pack) && (reads += 1) > 4)
          throw new AshlarError('store_unreachable', 'down');
      },
    });
    using imageStore = createImageStore(flaky, null);
    const image = await openImage(imageStore, digest);
    await image.chunksOfPage(Math.floor(index / 1024));
    expect((await failureOf(image.readChunk(index))).code).toBe('store_unreachable');
    expect(reads).toBe(5);
  });
});

describe('a link whose target is too long for an inode', () => {
  it('is named when the bin that holds it is damaged, and its hard links too', async () => {
    const store = createMemoryObjectStore();
    using imageStore = createImageStore(store, null);
    const target = 'a-long-name/'.repeat(10);
    const { digest } = await writeSample(imageStore, {
      'etc/long-link': { target },
      'etc/same-link': { sameAs: 'etc/long-link' },
      'etc/short-link': { target: 'short' },
      'etc/whole': pattern(100_000, 1),
    });
    const image = await openImage(imageStore, digest);
    const bin = await binOf(image, 'etc/long-link');
    const { index, location } = await placeOf(image, bin);
    const bytes = await store.get(packKey(location.pack));
    bytes.writeUInt8(bytes.readUInt8(location.offset + 9) ^ 1, location.offset + 9);
    await store.replace(packKey(location.pack), bytes);
    const files = ['/etc/long-link', '/etc/same-link'];
    expect(await failureOf(image.readChunk(index))).toMatchObject({
      code: 'chunk_corrupt',
      data: { files, image: digest },
    });
    const { damages } = await checkStore(imageStore, [digest]);
    expect(damages).toMatchObject([{ code: 'chunk_corrupt', files }]);
  });
});

async function placeOf(image: OpenImage, chunk: Digest) {
  for await (const found of image.chunks()) if (found.digest === chunk) return found;
  throw new Error('the image has no such chunk');
}

async function chunkOf(image: OpenImage, path: string): Promise<Digest> {
  const { inode } = await (await image.tree()).lookupFollowing(path);
  if (inode.type === 'file' && inode.content.kind === 'chunked') {
    const [run] = inode.content.runs;
    if (run?.digests[0] !== undefined) return run.digests[0];
  }
  throw new Error(`${path} has no chunk`);
}

async function binOf(image: OpenImage, path: string): Promise<Digest> {
  for await (const page of image.treePages()) {
    if (page instanceof AshlarError) throw page;
    for (const entry of page.entries) {
      if (entry.path !== path || 'linkTo' in entry || entry.place === null) continue;
      const bin = page.bins[entry.place.bin];
      if (bin !== undefined) return bin;
    }
  }
  throw new Error(`${path} is in no bin`);
}
