import { randomUUID } from 'node:crypto';
import { type Digest, isDigest } from '../digest/digest.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { readJsonObject, writeJsonObject } from './json-object.ts';

const prefix = 'leases/';

/**
 * Keeps an image from being collected while it is used, without a tag: until the handle is disposed, or until
 * `lifetimeMs` has passed should the user be killed.
 */
export async function leaseImage(
  objects: ObjectStore,
  image: Digest,
  time: { readonly nowMs: number; readonly lifetimeMs: number },
): Promise<AsyncDisposable> {
  const key = `${prefix}${randomUUID()}.json`;
  const expires = new Date(time.nowMs + time.lifetimeMs).toISOString();
  await writeJsonObject(objects, key, { image, expires });
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

/** All leases, expired ones too. */
export async function* listLeases(objects: ObjectStore): AsyncIterable<ImageLease> {
  for await (const { key } of objects.list(prefix)) {
    const { image, expires } = (await readJsonObject(objects, key)) ?? {};
    if (typeof image === 'string' && isDigest(image) && typeof expires === 'string') {
      yield { key, image, expiresMs: Date.parse(expires) };
    }
  }
}
