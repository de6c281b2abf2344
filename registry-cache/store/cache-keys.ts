import { createHash } from 'node:crypto';
import type { OciDigest } from '../../src/network.ts';
import type { View } from '../access/view.ts';
import { digestParts } from './digest-parts.ts';

/**
 * Where everything is in the store of a registry cache:
 *
 *     ashlar-cache.json                                  format and version
 *     blobs/<algorithm>/ab/<hex>                         bytes by content: of blobs and of manifests
 *     links/<view>/<repository>/<algorithm>-<hex>.json   upstream gave this repository this content, or a manifest of it names it
 *     tags/<view>/<repository>/<tag>.json                what a tag pointed to when upstream was asked last
 *     lists/<view>/<repository>/<name>.json              its tags, and what refers to a digest
 *     grants/<view>/<repository>.json                    when upstream last let this view read the repository
 *
 * A view is `<registry>/public`, or `<registry>/private/<credential>`.
 */
export function blobKey(digest: OciDigest): string {
  const { algorithm, hex } = digestParts(digest);
  return `blobs/${algorithm}/${hex.slice(0, 2)}/${hex}`;
}

export function linkKey(place: Place, digest: OciDigest): string {
  return `links/${pathOf(place)}/${fileName(digest)}.json`;
}

export function tagKey(place: Place, tag: string): string {
  return `tags/${pathOf(place)}/${tag}.json`;
}

export function tagListKey(place: Place): string {
  return `lists/${pathOf(place)}/tags.json`;
}

export function referrersKey(place: Place, digest: OciDigest): string {
  return `lists/${pathOf(place)}/referrers-${fileName(digest)}.json`;
}

export function grantKey(place: Place): string {
  return `grants/${pathOf(place)}.json`;
}

/** A repository as somebody sees it. */
export interface Place {
  readonly view: View;
  /** Without the registry. */
  readonly repository: string;
}

/** All that a registry cache keeps lies below these. */
export const cachePrefixes = ['blobs/', 'links/', 'tags/', 'lists/', 'grants/'] as const;

/** File names have 255 bytes at most, with their endings. */
const maxSpelledLength = 200;

/**
 * A name as one segment of a key, so that no repository lies inside another. One that would be too long is hashed: upper-case
 * letters are in no name.
 */
export function spelled(name: string): string {
  const text = encodeURIComponent(name);
  if (text.length <= maxSpelledLength) return text;
  return `H-${createHash('sha256').update(name).digest('hex')}`;
}

function pathOf({ view, repository }: Place): string {
  return `${view.path}/${spelled(repository)}`;
}

function fileName(digest: OciDigest): string {
  return digest.replace(':', '-');
}
