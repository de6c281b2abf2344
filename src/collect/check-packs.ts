import type { LocatedBlob } from '../chunks/chunk-reader.ts';
import { decodeStored } from '../chunks/codec.ts';
import { maxStoredPackBytes, type PackLocation } from '../chunks/pack-format.ts';
import { type Digest, digestOf } from '../digest/digest.ts';
import { hasCode } from '../errors/has-code.ts';
import type { ErrorCode } from '../errors/catalogue.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { packKey, quarantineKey } from '../store/store-paths.ts';

/** What is wrong with a blob. */
export interface BlobDamage {
  readonly code: ErrorCode;
  readonly message: string;
  readonly pack: Digest;
}

/** Holds packs and the blobs in them against their digests. */
export interface PackChecker {
  /** Checks blobs where they are said to lie; gives what is wrong, nothing for those that are good. */
  checkBlobs(blobs: readonly LocatedBlob[]): Promise<Map<Digest, BlobDamage>>;
  /** Checks a pack as a whole, unless it was read before. */
  checkPack(pack: Digest): Promise<void>;
  /** Distinct blobs, by digest and place, that were checked. */
  readonly blobCount: number;
  /** Packs that were looked at. */
  readonly packs: ReadonlySet<Digest>;
  /** Packs that are missing or whose bytes do not match their name, each with what is wrong. */
  readonly damagedPacks: ReadonlyMap<Digest, BlobDamage>;
}

interface Checked {
  readonly location: PackLocation;
  readonly damage: BlobDamage | null;
}

/** Nothing in the store is changed: packs in quarantine are read there. */
export function createPackChecker(store: ObjectStore, signal?: AbortSignal): PackChecker {
  const checked = new Map<Digest, Map<Digest, Checked[]>>();
  const packs = new Set<Digest>();
  const damagedPacks = new Map<Digest, BlobDamage>();
  let blobCount = 0;
  const read = async (pack: Digest): Promise<Buffer | BlobDamage> => {
    signal?.throwIfAborted();
    packs.add(pack);
    const bytes = await readPack(store, pack);
    if (!Buffer.isBuffer(bytes)) damagedPacks.set(pack, bytes);
    else if (digestOf(bytes) !== pack) damagedPacks.set(pack, wrongBytes(pack));
    return bytes;
  };
  const checkIn = async (pack: Digest, blobs: readonly LocatedBlob[]): Promise<void> => {
    const known = checked.get(pack) ?? new Map<Digest, Checked[]>();
    checked.set(pack, known);
    const unknown = blobs.filter((blob) => findChecked(known, blob) === undefined);
    if (unknown.length === 0) return;
    const bytes = await read(pack);
    for (const blob of unknown) {
      const { digest, location } = blob;
      if (findChecked(known, blob) !== undefined) continue;
      blobCount += 1;
      const entry = { location, damage: checkBlob(digest, location, bytes) };
      known.set(digest, [...(known.get(digest) ?? []), entry]);
    }
  };
  return {
    async checkBlobs(blobs) {
      const damages = new Map<Digest, BlobDamage>();
      for (const [pack, inPack] of groupByPack(blobs)) {
        await checkIn(pack, inPack);
        for (const blob of inPack) {
          const damage = findChecked(checked.get(pack), blob)?.damage;
          if (damage) damages.set(blob.digest, damage);
        }
      }
      return damages;
    },
    async checkPack(pack) {
      if (!packs.has(pack)) await read(pack);
    },
    get blobCount() {
      return blobCount;
    },
    packs,
    damagedPacks,
  };
}

function groupByPack(blobs: readonly LocatedBlob[]): Map<Digest, LocatedBlob[]> {
  const byPack = new Map<Digest, LocatedBlob[]>();
  for (const blob of blobs) {
    const list = byPack.get(blob.location.pack);
    if (list === undefined) byPack.set(blob.location.pack, [blob]);
    else list.push(blob);
  }
  return byPack;
}

async function readPack(store: ObjectStore, pack: Digest): Promise<Buffer | BlobDamage> {
  for (const key of [packKey(pack), quarantineKey(pack), packKey(pack)]) {
    try {
      return await store.get(key, { maxBytes: maxStoredPackBytes });
    } catch (error) {
      if (hasCode(error, 'object_missing')) continue;
      if (hasCode(error, 'object_too_large'))
        return { code: 'pack_corrupt', message: `the pack ${pack} is too large`, pack };
      if (hasCode(error, 'object_not_a_file'))
        return { code: 'pack_corrupt', message: error.message, pack };
      throw error;
    }
  }
  return { code: 'pack_missing', message: `the pack ${pack} is not in the store`, pack };
}

function checkBlob(
  blob: Digest,
  location: PackLocation,
  bytes: Buffer | BlobDamage,
): BlobDamage | null {
  if (!Buffer.isBuffer(bytes)) return bytes;
  const { pack, offset, storedBytes } = location;
  if (offset + storedBytes > bytes.length)
    return { code: 'pack_corrupt', message: `the pack ${pack} is cut short`, pack };
  const place = `the chunk ${blob} in ${pack} at ${offset}`;
  try {
    const stored = bytes.subarray(offset, offset + storedBytes);
    if (digestOf(decodeStored(stored, location.codec, location.plainBytes)) === blob) return null;
    return { code: 'chunk_corrupt', message: `${place} does not match its digest`, pack };
  } catch (error) {
    if (!hasCode(error, 'chunk_corrupt')) throw error;
    return { code: 'chunk_corrupt', message: `${place} is damaged: ${error.message}`, pack };
  }
}

function wrongBytes(pack: Digest): BlobDamage {
  return { code: 'pack_corrupt', message: `the pack ${pack} does not match its name`, pack };
}

/** A blob may be said to lie in several places; each counts. */
function findChecked(
  known: ReadonlyMap<Digest, readonly Checked[]> | undefined,
  { digest, location }: LocatedBlob,
): Checked | undefined {
  return known
    ?.get(digest)
    ?.find(
      (checked) =>
        checked.location.offset === location.offset &&
        checked.location.storedBytes === location.storedBytes &&
        checked.location.plainBytes === location.plainBytes &&
        checked.location.codec === location.codec,
    );
}
