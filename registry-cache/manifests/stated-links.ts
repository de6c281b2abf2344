import { isOciDigest } from '../../src/network.ts';
import type { Link } from '../store/links.ts';

/** Beyond this a manifest is no image anybody could unpack; what is behind is asked for at upstream when it is wanted. */
const maxLinks = 10_000;

/**
 * What a manifest or index says that its repository has (OCI image-spec 1.1, manifest.md and image-index.md): config, layers,
 * manifests, and the blobs of older artifacts. Not its subject, which may be missing, and no layers that are kept elsewhere.
 * What cannot be read is left out: manifests are passed on whatever is in them.
 */
export function statedLinks(bytes: Buffer): readonly Link[] {
  const manifest = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
  const blobs = [manifest['config'], ...listOf(manifest['layers']), ...listOf(manifest['blobs'])];
  const links = [
    ...listOf(manifest['manifests']).map((each) => linkOf(each, 'manifest')),
    ...blobs.map((each) => linkOf(each, 'blob')),
  ];
  return links.filter((link) => link !== null).slice(0, maxLinks);
}

function linkOf(value: unknown, kind: Link['kind']): Link | null {
  if (typeof value !== 'object' || value === null) return null;
  const { digest, size, mediaType, urls } = value as Record<string, unknown>;
  if (typeof digest !== 'string' || !isOciDigest(digest)) return null;
  if (!Number.isSafeInteger(size) || Number(size) < 0) return null;
  if (listOf(urls).length > 0) return null;
  const type = typeof mediaType === 'string' && kind === 'manifest' ? mediaType : null;
  return { digest, sizeBytes: Number(size), kind, mediaType: type, source: 'stated' };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
