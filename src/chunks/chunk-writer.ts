import { type Digest, digestOf } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { hasCode } from '../errors/has-code.ts';
import { createLimiter } from '../flow/limiter.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { packKey } from '../store/store-paths.ts';
import type { ChunkIndex } from './chunk-index.ts';
import { type Effort, encodeStored } from './codec.ts';
import { createKnownPlaces } from './known-places.ts';
import {
  encodePackHeader,
  encodePackIndex,
  packHeaderBytes,
  type PackLocation,
  type PackRecord,
} from './pack-format.ts';
import type { PackShelf } from './pack-shelf.ts';

/** Locations that are known from elsewhere, such as the placement of a parent image. */
export type KnownLocations = ReadonlyMap<Digest, PackLocation>;

export interface ChunkWriter {
  /**
   * Sees to it that the bytes are in the store, once, whoever wrote them: known ones cost a look-up, new ones go into a
   * pack. Returns when there is room for more; the bytes must not be changed afterwards. A failure of the store shows at
   * the next call, and at every later one.
   */
  add(digest: Digest, plain: Buffer, effort?: Effort): Promise<void>;
  /** Makes locations known that were read from the placement of an image. */
  know(locations: KnownLocations): void;
  /** Writes out what is pending. Afterwards `locate` answers for all that was added. */
  flush(): Promise<void>;
  /**
   * Gives the session up: no pack is closed any more, and further calls of `add` and `flush` are refused (`interrupted`).
   * Returns when nothing of it is being compressed or uploaded; how that ends makes no difference, and it never fails.
   */
  abandon(): Promise<void>;
  locate(digest: Digest): PackLocation | undefined;
  readonly stats: ChunkWriterStats;
}

export interface ChunkWriterStats {
  newBlobs: number;
  newPlainBytes: number;
  newStoredBytes: number;
  knownBlobs: number;
}

export interface ChunkWriterOptions {
  readonly store: ObjectStore;
  readonly index: ChunkIndex;
  readonly shelf: PackShelf;
  /**
   * Asked once, before the first blob that neither this session nor the index knows is taken for new: brings the index up
   * to date with what others have stored.
   */
  readonly learn?: () => Promise<unknown>;
  /** A pack is closed when it holds this many bytes. Default 8 MiB. */
  readonly packBytes?: number;
}

/** Blobs that are compressed at the same time, and packs that are uploaded at the same time. */
const compressAhead = 16;
const uploadsAhead = 2;

interface OpenPack {
  readonly parts: Buffer[];
  readonly records: PackRecord[];
  bytes: number;
}

export function createChunkWriter(options: ChunkWriterOptions): ChunkWriter {
  const { store, index, shelf, learn } = options;
  const packBytes = options.packBytes ?? 8 * 1024 * 1024;
  const places = createKnownPlaces({ index, shelf, learn });
  const pending = new Set<Digest>();
  const compressions = createLimiter(compressAhead);
  const uploads = createLimiter(uploadsAhead);
  const stats: ChunkWriterStats = {
    newBlobs: 0,
    newPlainBytes: 0,
    newStoredBytes: 0,
    knownBlobs: 0,
  };
  let open = emptyPack();
  let appended: Promise<void> = Promise.resolve();
  let isAbandoned = false;

  const checkNotAbandoned = (): void => {
    if (isAbandoned)
      throw new AshlarError('interrupted', 'nothing more is stored: the writing was given up');
  };

  const upload = async (pack: OpenPack): Promise<void> => {
    // It may have waited for its turn.
    if (isAbandoned) return;
    const bytes = Buffer.concat([encodePackHeader(), ...pack.parts, encodePackIndex(pack.records)]);
    const name = digestOf(bytes);
    if ((await store.put(packKey(name), bytes)) === 'exists') await mendPack(store, name, bytes);
    index.addPack(name, pack.records);
    for (const { digest, ...place } of pack.records) places.add(digest, { pack: name, ...place });
  };

  const close = async (): Promise<void> => {
    const pack = open;
    open = emptyPack();
    if (pack.records.length > 0) await uploads.enter(() => upload(pack));
  };

  const append = async (
    digest: Digest,
    plain: Buffer,
    encoded: ReturnType<typeof encodeStored>,
  ): Promise<void> => {
    const { stored, codec } = await encoded;
    if (isAbandoned) return;
    open.records.push({
      digest,
      offset: open.bytes,
      storedBytes: stored.length,
      plainBytes: plain.length,
      codec,
    });
    // A copy: what zlib gives lies in a buffer as large as the plain bytes.
    open.parts.push(Buffer.from(stored));
    open.bytes += stored.length;
    stats.newStoredBytes += stored.length;
    if (open.bytes >= packBytes) await close();
  };

  return {
    stats,
    async add(digest, plain, effort) {
      checkNotAbandoned();
      uploads.check();
      // The second look is for a call that took the digest on while this one asked.
      if (pending.has(digest) || (await places.holds(digest)) || pending.has(digest)) {
        stats.knownBlobs += 1;
        return;
      }
      pending.add(digest);
      stats.newBlobs += 1;
      stats.newPlainBytes += plain.length;
      await compressions.enter(() => {
        checkNotAbandoned();
        const encoded = encodeStored(plain, effort);
        appended = Promise.all([appended, encoded]).then(() => append(digest, plain, encoded));
        return appended;
      });
    },
    know(locations) {
      for (const [digest, location] of locations) places.add(digest, location);
    },
    async flush() {
      checkNotAbandoned();
      try {
        await compressions.drain();
        await close();
      } finally {
        // After a failure too nothing may go on behind the back of the caller.
        await uploads.drain();
      }
      checkNotAbandoned();
      pending.clear();
    },
    async abandon() {
      isAbandoned = true;
      await Promise.allSettled([compressions.drain()]);
      await Promise.allSettled([uploads.drain()]);
    },
    locate: places.locate,
  };
}

/** A pack that is there is named by its bytes, so other bytes are damaged ones: these take their place. */
async function mendPack(store: ObjectStore, name: Digest, bytes: Buffer): Promise<void> {
  const key = packKey(name);
  try {
    if (bytes.equals(await store.get(key))) return;
  } catch (error) {
    if (!hasCode(error, 'object_missing', 'object_too_large')) throw error;
  }
  await store.replace(key, bytes);
}

function emptyPack(): OpenPack {
  return { parts: [], records: [], bytes: packHeaderBytes };
}
