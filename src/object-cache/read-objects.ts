import { createHash } from 'node:crypto';
import { AshlarError } from '../errors/ashlar-error.ts';
import type { RecentMap } from '../flow/recent-map.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { heldAgainst } from './held-against.ts';
import type { ExpectedObject, ObjectCache, StoredObject } from './object-cache.ts';
import type { ObjectUsage } from './object-usage.ts';
import { sealBytes, unsealed } from './seal.ts';
import type { StoreFaults } from './store-faults.ts';

/** Objects up to this size are read whole and kept in memory. */
export const maxHotObjectBytes = 1024 * 1024;

export interface ObjectParts {
  readonly objects: ObjectStore;
  readonly usage: ObjectUsage;
  readonly hot: RecentMap<Buffer>;
  readonly faults: StoreFaults;
  readonly drop: (key: string) => Promise<void>;
  readonly isSealed: (key: string) => boolean;
}

/** Reading what is named by its content or by what it was made of. What is damaged, or cannot be read, is not there. */
export function createObjectReader(
  parts: ObjectParts,
): Pick<ObjectCache, 'find' | 'read' | 'has' | 'pieces'> {
  const { objects, usage, hot, faults, drop } = parts;
  return {
    async find(key, expected = {}) {
      usage.used(key);
      const known = hot.get(key);
      if (known !== undefined) return { kind: 'bytes', bytes: known };
      return faults.orNull(key, () => open(parts, key, expected));
    },
    async read(key, expected = {}) {
      usage.used(key);
      return hot.get(key) ?? faults.orNull(key, () => readWhole(parts, key, expected));
    },
    async has(keys) {
      const found = keys.map(
        async (key) => hot.get(key) !== undefined || (await isThere(parts, key)),
      );
      return (await Promise.all(found)).every((each) => each);
    },
    async *pieces(object, signal, range) {
      if (object.kind === 'bytes') {
        yield object.bytes.subarray(range?.start, range?.end);
        return;
      }
      const { key, digest, sizeBytes } = object;
      const { start, end } = range ?? { start: 0, end: sizeBytes };
      const isWhole = start === 0 && end === sizeBytes;
      const at = { offset: start, lengthBytes: end - start, signal };
      try {
        await using read = await objects.openRead(key, at);
        if (digest === undefined || !isWhole) yield* read;
        else
          yield* heldAgainst(read, digest, async (problem) => {
            await drop(key);
            return faults.damaged(key, problem);
          });
      } catch (error) {
        // Bytes were given out already: this answer breaks off, and the next one is made without the object.
        throw faults.accept(key, error);
      }
    },
  };
}

async function open(
  parts: ObjectParts,
  key: string,
  expected: ExpectedObject,
): Promise<StoredObject | null> {
  const sizeBytes = expected.sizeBytes ?? (await sizeOf(parts, key));
  if (sizeBytes === null) return null;
  if (sizeBytes > maxHotObjectBytes) return openLarge(parts, key, { ...expected, sizeBytes });
  const bytes = await readWhole(parts, key, expected);
  if (bytes === null) return null;
  parts.hot.set(key, bytes);
  return { kind: 'bytes', bytes };
}

async function openLarge(
  parts: ObjectParts,
  key: string,
  { sizeBytes, digest }: ExpectedObject & { readonly sizeBytes: number },
): Promise<StoredObject | null> {
  const { objects, faults, drop, isSealed } = parts;
  const foundBytes = await sizeOf(parts, key);
  if (foundBytes === null || faults.isBroken(key)) return null;
  if (foundBytes !== sizeBytes) {
    faults.damaged(key, `has ${foundBytes} bytes, not ${sizeBytes}`);
    await drop(key);
    return null;
  }
  if (!isSealed(key)) return { kind: 'stored', key, sizeBytes, digest };
  const plainBytes = sizeBytes - sealBytes;
  const hex = (await objects.getRange(key, plainBytes, sealBytes)).toString('hex');
  return { kind: 'stored', key, sizeBytes: plainBytes, digest: { algorithm: 'sha256', hex } };
}

async function readWhole(
  { objects, faults, drop, isSealed }: ObjectParts,
  key: string,
  expected: ExpectedObject,
): Promise<Buffer | null> {
  const object = await ifThere(() => objects.get(key));
  if (object === null) return null;
  const bytes = isSealed(key) ? unsealed(object) : object;
  if (bytes !== null && isAsExpected(bytes, expected)) return bytes;
  faults.damaged(key, 'has other bytes than were stored');
  await drop(key);
  return null;
}

function isAsExpected(bytes: Buffer, { sizeBytes, digest }: ExpectedObject): boolean {
  if (sizeBytes !== undefined && bytes.length !== sizeBytes) return false;
  if (digest === undefined) return true;
  return createHash(digest.algorithm).update(bytes).digest('hex') === digest.hex;
}

async function sizeOf({ objects, faults }: ObjectParts, key: string): Promise<number | null> {
  const info = await faults.orNull(key, () => objects.head(key));
  return info?.sizeBytes ?? null;
}

async function isThere(parts: ObjectParts, key: string): Promise<boolean> {
  const sizeBytes = await sizeOf(parts, key);
  // Nothing is stored without bytes: a power failure may leave such a file.
  if (sizeBytes === 0) parts.faults.damaged(key, 'is empty');
  return sizeBytes !== null && sizeBytes > 0;
}

/** Null also for what stands in the place of an object and cannot be one. */
export async function ifThere<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    const codes = ['object_missing', 'object_too_large', 'object_not_a_file'];
    if (error instanceof AshlarError && codes.includes(error.code)) return null;
    throw error;
  }
}
