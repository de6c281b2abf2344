import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/digest/digest.ts';
import { maxDiskBytes } from '../../src/ext4/geometry.ts';
import { maxTracedChunks, readBootTrace, recordBootTrace } from '../../src/image/boot-trace.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import { chunkBytes } from '../../src/tree/inode.ts';

const image = digestOf(Buffer.from('an image'));

describe('a boot trace', () => {
  it('comes back in its order', async () => {
    const store = createMemoryObjectStore();
    expect(await readBootTrace(store, image)).toBeNull();
    await recordBootTrace(store, image, [5, 3, 4]);
    expect(await readBootTrace(store, image)).toEqual([5, 3, 4]);
  });

  it('of any length can be read back: the first reads are kept', async () => {
    const store = createMemoryObjectStore();
    // The highest indexes that there are: none takes more digits.
    const last = Math.floor(maxDiskBytes / chunkBytes) - 1;
    const chunks = Array.from({ length: 150_000 }, (_, number) => last - number);
    await recordBootTrace(store, image, chunks);
    expect(await readBootTrace(store, image)).toEqual(chunks.slice(0, maxTracedChunks));
  });
});
