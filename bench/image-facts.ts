import {
  createImageStore,
  type Digest,
  imageKey,
  loadTree,
  openImage,
  type OpenImage,
  openObjectStore,
  resolveImage,
} from '../src/index.ts';

/** What a chunk of a disk holds: a piece of a larger file, several small files, or ext4's own records. */
export type ChunkKind = 'large files' | 'small files' | 'metadata';

export interface ImageFacts {
  /** Stored bytes of all that the image refers to, each chunk once, with its own objects. */
  readonly storedBytes: number;
  /** Of these: chunks of ext4 metadata, pages of tree and manifest, root, placement, provenance. */
  readonly metadataBytes: number;
  /** Chunks of the disk, in order, without those of zeros. */
  readonly chunks: readonly { readonly digest: Digest; readonly kind: ChunkKind }[];
}

/** Reads what an image consists of. Metadata is what is neither content of a larger file nor a bin of small ones. */
export async function readImageFacts(storeUrl: string, reference: string): Promise<ImageFacts> {
  const objects = await openObjectStore(storeUrl, { create: 'never' });
  using imageStore = createImageStore(objects, null);
  const digest = await resolveImage(objects, reference);
  const image = await openImage(imageStore, digest);
  const { knownBins } = await loadTree(imageStore, image);
  const kinds = new Map<Digest, ChunkKind>();
  for (const bin of knownBins.values()) kinds.set(bin, 'small files');
  for (const chunk of await fileChunks(image)) kinds.set(chunk, 'large files');
  let metadataBytes = image.placement.blobs.reduce((sum, blob) => sum + blob.storedBytes, 0);
  for (const part of ['root', 'placement', 'provenance'] as const)
    metadataBytes += (await objects.head(imageKey(digest, part)))?.sizeBytes ?? 0;
  let dataBytes = 0;
  const seen = new Set<Digest>();
  const chunks: { digest: Digest; kind: ChunkKind }[] = [];
  for await (const { digest, location } of image.chunks()) {
    const kind = kinds.get(digest) ?? 'metadata';
    chunks.push({ digest, kind });
    if (seen.has(digest)) continue;
    seen.add(digest);
    if (kind === 'metadata') metadataBytes += location.storedBytes;
    else dataBytes += location.storedBytes;
  }
  return { storedBytes: dataBytes + metadataBytes, metadataBytes, chunks };
}

async function fileChunks(image: OpenImage): Promise<readonly Digest[]> {
  const digests: Digest[] = [];
  for await (const { inode } of (await image.tree()).entries()) {
    if (inode.type === 'file' && inode.content.kind === 'chunked')
      digests.push(...inode.content.runs.flatMap((run) => run.digests));
  }
  return digests;
}
