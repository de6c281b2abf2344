import { isOciDigest, type OciDigest } from '../../src/network.ts';

/** What a manifest says of something that it names. */
export interface Descriptor {
  readonly digest: OciDigest;
  /** Null where it says no size that can be. */
  readonly sizeBytes: number | null;
  readonly mediaType: string | null;
  /** As it stands there. */
  readonly platform: unknown;
}

export interface NamedContent {
  /** Of an index; null for what is none. */
  readonly manifests: readonly Descriptor[] | null;
  /** Config, layers, and the blobs of older artifacts. */
  readonly blobs: readonly Descriptor[];
}

/**
 * What a manifest or index names (OCI image-spec 1.1, manifest.md and image-index.md), but for its subject, which may be missing,
 * and layers that are kept elsewhere. What cannot be read is left out: manifests are passed on whatever is in them. `bytes` have to
 * be those of a JSON object.
 */
export function namedContent(bytes: Buffer): NamedContent {
  const { manifests, config, layers, blobs } = JSON.parse(bytes.toString('utf8')) as Record<
    string,
    unknown
  >;
  return {
    manifests: Array.isArray(manifests) ? descriptorsOf(manifests) : null,
    blobs: descriptorsOf([config, ...listOf(layers), ...listOf(blobs)]),
  };
}

function descriptorsOf(values: readonly unknown[]): readonly Descriptor[] {
  return values.flatMap((value): Descriptor[] => {
    if (typeof value !== 'object' || value === null) return [];
    const { digest, size, mediaType, urls, platform } = value as Record<string, unknown>;
    if (typeof digest !== 'string' || !isOciDigest(digest) || listOf(urls).length > 0) return [];
    const sizeBytes = Number.isSafeInteger(size) && Number(size) >= 0 ? Number(size) : null;
    const type = typeof mediaType === 'string' ? mediaType : null;
    return [{ digest, sizeBytes, mediaType: type, platform }];
  });
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
