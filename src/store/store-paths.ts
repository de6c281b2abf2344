import { type Digest, digestHex } from '../digest/digest.ts';

/**
 * Where everything is in a store:
 *
 *     ashlar-store.json                format and version
 *     packs/ab/<hex>.pack              chunks, pages of manifests and trees; immutable
 *     images/<hex>.root                what an image is; immutable, published last
 *     images/<hex>.placement           where its chunks lie; can be rewritten
 *     images/<hex>.provenance          how it came to be
 *     images/<hex>.outline             what its layout depends on, so that it can be changed without being read; a cache
 *     images/<hex>.boot                the chunks that its first boot read, in their order
 *     tags/<name>.json                 a name for an image; mutable
 *     steps/ab/<hex>.json              the image that a build step gave, by its inputs, or by the paths that it put
 *     leases/<uuid>.json               an image that is in use without a tag, and until when
 *     quarantine/<hex>.pack            packs that nothing referred to at the last collection
 */
export function packKey(pack: Digest): string {
  const hex = digestHex(pack);
  return `packs/${hex.slice(0, 2)}/${hex}.pack`;
}

export function quarantineKey(pack: Digest): string {
  return `quarantine/${digestHex(pack)}.pack`;
}

/** The root comes first: who removes an image removes it first, and then the rest is garbage. */
export const imageParts = ['root', 'placement', 'provenance', 'outline', 'boot'] as const;
export type ImagePart = (typeof imageParts)[number];

export function imageKey(image: Digest, part: ImagePart): string {
  return `images/${digestHex(image)}.${part}`;
}

export function tagKey(name: string): string {
  return `tags/${encodeURIComponent(name).replaceAll(/[!'()*~]/g, percentEncoded)}.json`;
}

/** The name in a tag's key, or null when the key is no tag's. */
export function tagNameOf(key: string): string | null {
  const match = /^tags\/(.+)\.json$/.exec(key);
  try {
    return match?.[1] === undefined ? null : decodeURIComponent(match[1]);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

export function leaseKey(lease: string): string {
  return `leases/${lease}.json`;
}

export function stepKey(step: Digest): string {
  const hex = digestHex(step);
  return `steps/${hex.slice(0, 2)}/${hex}.json`;
}

/** The digest in a key such as `packs/ab/<hex>.pack` or `images/<hex>.root`; null when there is none. */
export function digestInKey(key: string): Digest | null {
  const match = /([0-9a-f]{64})\.[a-z]+$/.exec(key);
  return match?.[1] === undefined ? null : (`blake3:${match[1]}` as Digest);
}

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
