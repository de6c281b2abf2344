import { createHash } from 'node:crypto';
import type { View } from '../registries/view.ts';

/**
 * Where everything is in the cache of a mirror:
 *
 *     ashlar-cache.json                                         format and version
 *     records/<view>/<package>/<full|abbreviated>.json          a packument as last seen; mutable
 *     records/<view>/<package>/tarballs/<file>.json             a tarball and what it was held against; immutable
 *     records/<view>/documents/ab/<sha256 of the path>.json     a version, dist-tags, keys, attestations; mutable
 *     bodies/ab/<sha256 of the object>                          a packument's bytes, gzip
 *     indexes/ab/<sha256 of the body>                           what was found in a body
 *     variants/ab/<sha256 of body, base and policy>             a body with other addresses, gzip, and its seal (`seal.ts`)
 *     blobs/ab/<sha512>                                         a tarball
 *
 * A view is `<registry>`, or `<registry>/private/<credential>`; packages and files are spelled by `storeName`.
 */
export function packumentKey(view: View, storedName: string, form: PackumentForm): string {
  return `records/${view.path}/${storedName}/${form}.json`;
}

/** Of an abbreviated packument and of a full one neither is made of the other. */
export type PackumentForm = 'full' | 'abbreviated';

export function tarballKey(view: View, storedName: string, storedFile: string): string {
  return `records/${view.path}/${storedName}/tarballs/${storedFile}.json`;
}

/** By its path at the registry, which is hashed: it may be of any length and has a query. */
export function documentKey(view: View, path: string): string {
  const hex = createHash('sha256').update(path).digest('hex');
  return `records/${view.path}/documents/${hex.slice(0, 2)}/${hex}.json`;
}

export function bodyKey(sha256Hex: string): string {
  return `bodies/${sha256Hex.slice(0, 2)}/${sha256Hex}`;
}

export function indexKey(bodySha256Hex: string): string {
  return `indexes/${bodySha256Hex.slice(0, 2)}/${bodySha256Hex}`;
}

export function variantKey(sha256Hex: string): string {
  return `variants/${sha256Hex.slice(0, 2)}/${sha256Hex}`;
}

export function blobKey(sha512Hex: string): string {
  return `blobs/${sha512Hex.slice(0, 2)}/${sha512Hex}`;
}

/** Whether an object's key tells nothing of its bytes, so that they are sealed. */
export function isSealed(key: string): boolean {
  return key.startsWith('variants/');
}

/** All that a mirror keeps lies below these. */
export const cachePrefixes = ['blobs/', 'bodies/', 'indexes/', 'records/', 'variants/'] as const;
