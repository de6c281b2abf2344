import { randomBytes } from 'node:crypto';
import { type ChunkIndex, openChunkIndex } from '../../src/chunks/chunk-index.ts';
import {
  type ChunkReader,
  createChunkReader,
  type LocatedBlob,
} from '../../src/chunks/chunk-reader.ts';
import { type ChunkWriter, createChunkWriter } from '../../src/chunks/chunk-writer.ts';
import { createPackShelf, type PackShelf } from '../../src/chunks/pack-shelf.ts';
import { type Digest, digestOf } from '../../src/digest/digest.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';

/** A session on a store, with its own shelf, and by default its own index. */
export interface Session {
  readonly shelf: PackShelf;
  readonly index: ChunkIndex;
  readonly writer: ChunkWriter;
  readonly reader: ChunkReader;
}

export interface SessionOptions {
  readonly index?: ChunkIndex;
  readonly packBytes?: number;
  readonly learn?: () => Promise<unknown>;
  readonly quarantine?: 'rescue' | 'leave';
}

export function startSession(store: ObjectStore, options: SessionOptions = {}): Session {
  const { packBytes, learn, quarantine = 'rescue' } = options;
  const shelf = createPackShelf(store, { quarantine });
  const index = options.index ?? openChunkIndex(':memory:');
  const writer = createChunkWriter({
    store,
    index,
    shelf,
    ...(packBytes === undefined ? {} : { packBytes }),
    ...(learn === undefined ? {} : { learn }),
  });
  return { shelf, index, writer, reader: createChunkReader(shelf) };
}

/** Chunks that do not compress. */
export function makeChunks(count: number, sizeBytes = 4096): Map<Digest, Buffer> {
  const chunks = Array.from({ length: count }, () => randomBytes(sizeBytes));
  return new Map(chunks.map((chunk) => [digestOf(chunk), chunk]));
}

export async function addAll(
  writer: ChunkWriter,
  chunks: ReadonlyMap<Digest, Buffer>,
): Promise<void> {
  for (const [digest, chunk] of chunks) await writer.add(digest, chunk);
}

export function locateAll(writer: ChunkWriter, chunks: ReadonlyMap<Digest, Buffer>): LocatedBlob[] {
  return [...chunks.keys()].map((digest) => {
    const location = writer.locate(digest);
    if (location === undefined) throw new Error(`not located: ${digest}`);
    return { digest, location };
  });
}
