import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../../src/errors/ashlar-error.ts';
import type { PackumentForm } from './packument.ts';
import type { PublicKey } from './signing-key.ts';

/** What was recorded of a registry; the files are named relative to its directory. */
export interface Recording {
  /** What tarball URLs begin with; ends in a slash. */
  readonly publicUrl: string;
  /** Written by npm; `resolved` names `publicUrl`. */
  readonly lockfile: string;
  readonly packageJson: string;
  readonly keys: readonly PublicKey[];
  readonly packuments: readonly RecordedPackument[];
  readonly tarballs: readonly RecordedTarball[];
  /** Bodies by URL path, of which the registry makes none itself: attestations. */
  readonly documents: readonly (RecordedFile & { readonly path: string })[];
}

export interface RecordedFile {
  readonly file: string;
  readonly sizeBytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** The file is gzip. */
export interface RecordedPackument extends RecordedFile {
  readonly name: string;
  readonly form: PackumentForm;
  /** Of the document itself. */
  readonly documentBytes: number;
  readonly etag: string;
  readonly lastModified: string;
  /** Upstream's own, or made by the recorder where upstream gives none. */
  readonly origin: 'upstream' | 'made';
}

export interface RecordedTarball extends RecordedFile {
  readonly name: string;
  readonly version: string;
  /** Decoded, below the registry's root: `/@scope/name/-/name-1.0.0.tgz`. */
  readonly path: string;
  /** sha512, in the form of `dist.integrity`. */
  readonly integrity: string;
}

export interface OpenRecording extends Recording {
  readonly directory: string;
}

/** The recording in a directory, each file held against its digest; null where anything is missing or other. */
export async function loadRecording(directory: string): Promise<OpenRecording | null> {
  const index = await readOrNull(join(directory, 'index.json'));
  if (index === null) return null;
  const recording = JSON.parse(index.toString()) as Recording;
  for (const recorded of filesOf(recording)) {
    const bytes = await readOrNull(join(directory, recorded.file));
    if (bytes === null || sha256(bytes) !== recorded.sha256) return null;
  }
  return { ...recording, directory };
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** In the form of `dist.integrity`. */
export function integrityOf(bytes: Uint8Array): string {
  return `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
}

function filesOf({ packuments, tarballs, documents }: Recording): readonly RecordedFile[] {
  return [...packuments, ...tarballs, ...documents];
}

async function readOrNull(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
