import { randomUUID } from 'node:crypto';
import { type Digest, isDigest } from '../../digest/digest.ts';
import { AshlarError } from '../../errors/ashlar-error.ts';
import { hasCode } from '../../errors/has-code.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { leaseKey } from '../../store/store-paths.ts';
import { readJsonObject, writeJsonObject } from '../json-object.ts';

/**
 * Keeps an image from being collected while it is used, without a tag: until the handle is disposed, or until
 * `lifetimeMs` has passed should the user be killed. A store that this user cannot write gets no lease: images can be
 * used from there too, and whoever collects there is told by tags what is in use.
 */
export async function leaseImage(
  objects: ObjectStore,
  image: Digest,
  time: { readonly nowMs: number; readonly lifetimeMs: number },
): Promise<AsyncDisposable> {
  const key = leaseKey(randomUUID());
  const expires = new Date(time.nowMs + time.lifetimeMs).toISOString();
  try {
    await writeJsonObject(objects, key, { image, expires });
  } catch (error) {
    if (!hasCode(error, 'store_read_only')) throw error;
    return { async [Symbol.asyncDispose]() {} };
  }
  return {
    async [Symbol.asyncDispose]() {
      await objects.delete(key);
    },
  };
}

export interface ImageLease {
  readonly key: string;
  readonly image: Digest;
  readonly expiresMs: number;
}

/** All leases, expired ones too; throws `manifest_corrupt` or `object_not_a_file` at one that is damaged. */
export async function* listLeases(objects: ObjectStore): AsyncIterable<ImageLease> {
  for await (const { key } of objects.list('leases/')) {
    const lease = await readLease(objects, key);
    if (lease !== null) yield lease;
  }
}

/** What is wrong with leases that cannot be read. */
export async function findDamagedLeases(objects: ObjectStore): Promise<AshlarError[]> {
  const damages: AshlarError[] = [];
  for await (const { key } of objects.list('leases/')) {
    try {
      await readLease(objects, key);
    } catch (error) {
      if (!hasCode(error, 'manifest_corrupt', 'object_not_a_file')) throw error;
      damages.push(error);
    }
  }
  return damages;
}

/** Null when it has ended meanwhile. */
async function readLease(objects: ObjectStore, key: string): Promise<ImageLease | null> {
  const document = await readJsonObject(objects, key);
  if (document === null) return null;
  const { image, expires } = document;
  const expiresMs = Date.parse(String(expires));
  if (typeof image === 'string' && isDigest(image) && Number.isFinite(expiresMs))
    return { key, image, expiresMs };
  throw new AshlarError('manifest_corrupt', `the lease ${key} is damaged`, {
    data: { object: key },
    hint: 'Delete the object when no machine started before it was last changed runs any more.',
  });
}
