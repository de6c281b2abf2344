import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type ChunkIndex, openChunkIndex } from '../chunks/chunk-index.ts';
import { type ChunkReader, createChunkReader } from '../chunks/chunk-reader.ts';
import { type ChunkWriter, createChunkWriter } from '../chunks/chunk-writer.ts';
import { createPackShelf, type PackShelf } from '../chunks/pack-shelf.ts';
import { syncChunkIndex } from '../chunks/sync-chunk-index.ts';
import { once } from '../flow/remember.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** A store seen as a place of images: objects, packs, and this machine's index of chunks. */
export interface ImageStore extends Disposable {
  readonly objects: ObjectStore;
  readonly shelf: PackShelf;
  readonly reader: ChunkReader;
  /** Opened at first use: reading images does without. */
  index(): ChunkIndex;
  /**
   * A session of writing. Before it takes a first chunk for new, the index learns what other machines have put into the
   * store; a session that has nothing new does not pay for that.
   */
  createWriter(): ChunkWriter;
}

/** `home` is where the index is kept, as a file named after the store; null keeps it in memory. */
export function createImageStore(objects: ObjectStore, home: string | null): ImageStore {
  const shelf = createPackShelf(objects, { quarantine: 'rescue' });
  let opened: ChunkIndex | undefined;
  const index = (): ChunkIndex => {
    opened ??= openChunkIndex(home === null ? ':memory:' : indexFile(home, objects.url));
    return opened;
  };
  const learn = once(() => syncChunkIndex({ store: objects, index: index() }));
  return {
    objects,
    shelf,
    reader: createChunkReader(shelf),
    index,
    createWriter: () => createChunkWriter({ store: objects, index: index(), shelf, learn }),
    [Symbol.dispose]() {
      opened?.[Symbol.dispose]();
    },
  };
}

/** The same store for one who only looks: packs in quarantine are read there and stay. */
export function withoutRescue(imageStore: ImageStore): ImageStore {
  const shelf = createPackShelf(imageStore.objects, { quarantine: 'leave' });
  return { ...imageStore, shelf, reader: createChunkReader(shelf) };
}

function indexFile(home: string, storeUrl: string): string {
  const name = createHash('sha256').update(storeUrl).digest('hex').slice(0, 16);
  return join(home, 'index', `${name}.sqlite`);
}
