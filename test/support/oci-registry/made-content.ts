import { type Bytes, bytesOf } from './bytes.ts';
import { type Algorithm, digestOf } from './digest.ts';

/** OCI image specification, descriptor.md. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  readonly urls?: readonly string[];
  readonly data?: string;
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

export interface MadeManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export interface MadeBlob {
  readonly digest: string;
  readonly bytes: Bytes;
}

/** What goes into a repository together. The last manifest is the one that a tag names. */
export interface MadeContent {
  readonly manifests: readonly MadeManifest[];
  readonly blobs: readonly MadeBlob[];
}

export function manifestOf(
  document: { readonly mediaType: string; readonly [field: string]: unknown },
  algorithm: Algorithm = 'sha256',
): MadeManifest {
  const bytes = Buffer.from(JSON.stringify(document, null, 2));
  return { digest: digestOf(bytes, algorithm), mediaType: document.mediaType, bytes };
}

export function blobOf(text: string, algorithm: Algorithm = 'sha256'): MadeBlob {
  const bytes = Buffer.from(text);
  return { digest: digestOf(bytes, algorithm), bytes: bytesOf(bytes) };
}

export function descriptorOf(made: MadeManifest | MadeBlob, mediaType?: string): Descriptor {
  const size = 'mediaType' in made ? made.bytes.length : made.bytes.sizeBytes;
  const ownType = 'mediaType' in made ? made.mediaType : 'application/octet-stream';
  return { mediaType: mediaType ?? ownType, digest: made.digest, size };
}

/** `linux/arm/v7`. */
export function parsePlatform(text: string): Platform {
  const [os = '', architecture = '', variant] = text.split('/');
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}
