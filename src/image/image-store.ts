import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type ChunkIndex, openChunkIndex } from '../chunks/chunk-index.ts';
import { type ChunkReader, createChunkReader } from '../chunks/chunk-reader.ts';
import { type ChunkWriter, createChunkWriter } from '../chunks/chunk-writer.ts';
import { createPackShelf, type PackShelf } from '../chunks/pack-shelf.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** A store seen as a place of images: objects, packs, and this machine's index of chunks. */
export interface ImageStore extends Disposable {
  readonly objects: ObjectStore;
  readonly shelf: PackShelf;
  readonly reader: ChunkReader;
  /** Opened at first use: reading images does without. */
  index(): ChunkIndex;
  createWriter(): ChunkWriter;
}

/** `home` is where the index is kept, as a file named after the store; null keeps it in memory. */
export function createImageStore(objects: ObjectStore, home: string | null): ImageStore {
  const shelf = createPackShelf(objects);
  let opened: ChunkIndex | undefined;
  const index = (): ChunkIndex => {
    opened ??= openChunkIndex(home === null ? ':memory:' : indexFile(home, objects.url));
    return opened;
  };
  return {
    objects,
    shelf,
    reader: createChunkReader(shelf),
    index,
    createWriter: () => createChunkWriter({ store: objects, index: index(), shelf }),
    [Symbol.dispose]() {
      opened?.[Symbol.dispose]();
    },
  };
}

function indexFile(home: string, storeUrl: string): string {
  const name = createHash('sha256').update(storeUrl).digest('hex').slice(0, 16);
  return join(home, 'index', `${name}.sqlite`);
}
