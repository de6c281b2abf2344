import { type Digest, isDigest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import type { OciRunConfig } from '../oci/image-config.ts';
import { canonicalJson, type Json } from './canonical-json.ts';

/** What a machine made of the image is told: the part of an OCI image config that outlives the layers. */
export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly config: OciRunConfig;
}

/**
 * The root of an image. Its bytes are what the image's digest is the digest of: it covers, through pages, every byte of
 * the disk, and the tree and the config with it.
 */
export interface ImageRoot {
  readonly diskBytes: number;
  /** Pages of the manifest that are not all zeros, by number, in ascending order. */
  readonly pages: readonly (readonly [page: number, digest: Digest])[];
  readonly tree: Digest;
  readonly config: ImageConfig;
}

const imageFormat = 'ashlar-image';
const imageFormatVersion = 1;

/** Largest root that is read: a disk of 16 TiB with no zero page has one of 20 MB. */
export const maxRootBytes = 32 * 1024 * 1024;

/** Encodes a root as canonical JSON: the same image gives the same bytes. */
export function encodeImageRoot(root: ImageRoot): Buffer {
  const document = {
    format: imageFormat,
    version: imageFormatVersion,
    diskBytes: root.diskBytes,
    pages: root.pages,
    tree: root.tree,
    config: root.config as unknown as Json,
  };
  return Buffer.from(canonicalJson(document), 'utf8');
}

/** Decodes a root; throws `manifest_corrupt`, or `store_newer_format` for a later version. */
export function decodeImageRoot(bytes: Buffer): ImageRoot {
  const document = parseObject(bytes);
  if (document['format'] !== imageFormat) throw corrupt('it is not the root of an image');
  const version = document['version'];
  if (typeof version === 'number' && version > imageFormatVersion) {
    throw new AshlarError(
      'store_newer_format',
      `the image has format version ${version}; this Ashlar reads ${imageFormatVersion}`,
    );
  }
  const { diskBytes, pages, tree, config } = document;
  if (typeof diskBytes !== 'number' || !Number.isSafeInteger(diskBytes))
    throw corrupt('it has no disk size');
  if (typeof tree !== 'string' || !isDigest(tree)) throw corrupt('it names no tree');
  if (!Array.isArray(pages) || !pages.every(isPage))
    throw corrupt('its pages are not a list of numbers and digests');
  if (typeof config !== 'object' || config === null) throw corrupt('it has no config');
  return { diskBytes, pages, tree, config: config as ImageConfig };
}

function parseObject(bytes: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw corrupt('it is not a JSON object');
}

function isPage(value: unknown): value is [number, Digest] {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    Number.isSafeInteger(value[0]) &&
    typeof value[1] === 'string' &&
    isDigest(value[1])
  );
}

function corrupt(what: string): AshlarError {
  return new AshlarError('manifest_corrupt', `the root of the image is damaged: ${what}`);
}
