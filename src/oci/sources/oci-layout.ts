import { AshlarError } from '../../errors/ashlar-error.ts';
import type { ContentProvider } from '../content-provider.ts';
import { fieldOf, stringOf } from '../json-document.ts';
import {
  maxManifestBytes,
  parseManifest,
  parseManifestJson,
  type Descriptor,
  type ImageIndex,
  type IndexEntry,
} from '../manifest.ts';
import { manifestKind, mediaTypes } from '../media-types.ts';
import { digestAlgorithm, encodedDigest, type OciDigest } from '../oci-digest.ts';
import { corruptFailure, invalidImage, type Origin } from '../origin.ts';
import { choosePlatform, type Platform } from '../platform.ts';
import { verifyingStream } from '../verifying-stream.ts';
import { readSmallFile, type SourceFile, type SourceFiles } from './source-files.ts';

/** Names that tools give to the images of one layout (image-spec 1.1, annotations.md; containerd). */
const nameAnnotations = ['org.opencontainers.image.ref.name', 'io.containerd.image.name'];

/**
 * Reads an OCI image layout (OCI image-spec 1.1, image-layout.md) from files: checks its version and reads its
 * index. Throws `source_invalid` when the files are no image layout.
 */
export async function readLayoutIndex(
  files: SourceFiles,
  origin: Origin,
  signal?: AbortSignal,
): Promise<ImageIndex> {
  const marker = await readNamed(files, 'oci-layout', { origin, signal });
  const version = stringOf(
    fieldOf(parseManifestJson(marker, origin, 'oci-layout'), 'imageLayoutVersion'),
  );
  if (!/^1\.\d+\.\d+$/.test(version)) {
    throw invalidImage(
      origin,
      `the image layout has version ${JSON.stringify(version)}, not 1.0.0`,
    );
  }
  const bytes = await readNamed(files, 'index.json', { origin, signal });
  const index = parseManifest(bytes, mediaTypes.ociIndex, origin);
  if (index.kind !== 'index') throw invalidImage(origin, 'index.json is not an image index');
  return index;
}

/**
 * Of a layout's index, the entry with the name `tag`; without one the only image, or the only one that suits
 * the platform. Throws `source_invalid`, which lists the names there are.
 */
export function chooseLayoutEntry(
  index: ImageIndex,
  { tag, platform, origin }: { tag: string | null; platform: Platform; origin: Origin },
): IndexEntry {
  const named = tag === null ? index.entries : index.entries.filter((entry) => isNamed(entry, tag));
  const images = named.filter((entry) => manifestKind(entry.mediaType) !== null);
  const candidates = images.length === 0 ? named : images;
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) return only;
  const suiting = candidates.filter((entry) => {
    return choosePlatform([entry], ({ platform: offered }) => offered, platform) !== undefined;
  });
  const [best] = suiting;
  if (best !== undefined && (suiting.length === 1 || tag !== null)) return best;
  throw ambiguous(index, { tag, count: candidates.length, origin });
}

/** The blobs of a layout, each verified as it is read. */
export function layoutProvider(files: SourceFiles, origin: Origin): ContentProvider {
  return {
    origin,
    readManifest(descriptor, signal) {
      if (descriptor.sizeBytes > maxManifestBytes) {
        const problem = `${descriptor.digest} is a manifest of ${descriptor.sizeBytes} bytes, more than the limit of ${maxManifestBytes}`;
        throw invalidImage(origin, problem);
      }
      return readVerified(files, { descriptor, origin, signal });
    },
    readBlob: (descriptor, signal) => readVerified(files, { descriptor, origin, signal }),
    async *openBlob(descriptor, signal) {
      const file = await findBlob(files, descriptor, origin);
      yield* file.read(signal);
    },
  };
}

function isNamed(entry: IndexEntry, tag: string): boolean {
  return nameAnnotations.some((name) => entry.annotations[name] === tag);
}

function ambiguous(
  index: ImageIndex,
  { tag, count, origin }: { tag: string | null; count: number; origin: Origin },
): AshlarError {
  const names = index.entries.flatMap(
    (entry) => entry.annotations['org.opencontainers.image.ref.name'] ?? [],
  );
  const offer = names.length === 0 ? 'no names are given' : `the names are ${names.join(', ')}`;
  const found = tag === null ? `it holds ${count} images` : `${count} images have the name ${tag}`;
  return new AshlarError('source_invalid', `${origin.description}: ${found}; ${offer}`, {
    data: { names },
    hint: 'Name one image of the layout behind a colon.',
  });
}

function blobPath(digest: OciDigest): string {
  return `blobs/${digestAlgorithm(digest)}/${encodedDigest(digest)}`;
}

async function findBlob(
  files: SourceFiles,
  { digest, sizeBytes }: Descriptor,
  origin: Origin,
): Promise<SourceFile> {
  const file = await files.find(blobPath(digest));
  if (file === null) {
    const problem = `the blob ${digest} is missing, or is not a regular file`;
    throw corruptFailure(origin, problem, { data: { digest } });
  }
  if (file.sizeBytes !== sizeBytes) {
    const problem = `the blob ${digest} has ${file.sizeBytes} bytes instead of ${sizeBytes}`;
    throw corruptFailure(origin, problem, { data: { digest } });
  }
  return file;
}

interface VerifiedRead {
  readonly descriptor: Descriptor;
  readonly origin: Origin;
  readonly signal?: AbortSignal | undefined;
}

async function readVerified(
  files: SourceFiles,
  { descriptor, origin, signal }: VerifiedRead,
): Promise<Buffer> {
  const file = await findBlob(files, descriptor, origin);
  const { digest, sizeBytes } = descriptor;
  const fail = (problem: string): Error =>
    corruptFailure(origin, `the blob ${digest} ${problem}`, { data: { digest } });
  const chunks: Buffer[] = [];
  for await (const chunk of verifyingStream(file.read(signal), { digest, sizeBytes, fail })) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function readNamed(
  files: SourceFiles,
  path: string,
  { origin, signal }: { origin: Origin; signal: AbortSignal | undefined },
): Promise<Buffer> {
  const file = await files.find(path);
  if (file === null) {
    throw new AshlarError(
      'source_invalid',
      `${origin.description}: it is not an OCI image layout: there is no file ${path}`,
      { hint: 'An image layout has the files oci-layout and index.json and the directory blobs.' },
    );
  }
  const bytes = await readSmallFile(file, maxManifestBytes, signal);
  if (bytes !== null) return bytes;
  throw invalidImage(origin, `${path} has more than the limit of ${maxManifestBytes} bytes`);
}
