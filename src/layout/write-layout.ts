import type { Digest } from '../digest/digest.ts';
import { blockBytes, blocksPerChunk } from '../ext4/format.ts';
import { chunkBytes, type SmallContent } from '../tree/inode.ts';
import { encodeMetadata } from './encode-metadata.ts';
import { binKey, type Bin } from './pack-bins.ts';
import type { LayoutPlan, PlannedGroup } from './plan-layout.ts';
import { ownChunksOf, type PlannedInode } from './planned-inode.ts';

/** What a layout needs of the store. */
export interface LayoutSink {
  /** Keeps a chunk of 65,536 bytes, which must not be changed afterwards, and gives its digest. */
  storeChunk(plain: Buffer, kind: 'content' | 'metadata'): Promise<Digest>;
  /** Copies the bytes of a small content to `target`, which has exactly its length. */
  readSmall(content: SmallContent, target: Buffer): Promise<void>;
}

/** Chunks of bins that are known already, by what is in them (`binKey`); those that are new are added. */
export type KnownBins = Map<string, Digest>;

export interface WrittenLayout {
  /** Every chunk of the disk that is not all zeros, by index, in ascending order. */
  readonly chunks: readonly (readonly [index: number, digest: Digest])[];
  /** Digests of the bins of each group, in order. */
  readonly bins: ReadonlyMap<PlannedGroup, readonly Digest[]>;
  /** Chunks of file system metadata among `chunks`. */
  readonly metadataChunks: number;
}

/**
 * Writes a planned image: bins are put together from their contents unless they are known, chunks of larger files
 * are taken as they are, metadata is encoded anew.
 */
export async function writeLayout(
  plan: LayoutPlan,
  sink: LayoutSink,
  knownBins: KnownBins,
): Promise<WrittenLayout> {
  const chunks: (readonly [number, Digest])[] = [];
  const bins = new Map<PlannedGroup, readonly Digest[]>();
  for (const group of plan.groups) {
    const digests: Digest[] = [];
    const firstBin = group.startBlock / blocksPerChunk + group.metadataChunks;
    for (const bin of group.bins) {
      const key = binKey(bin.items);
      const digest = knownBins.get(key) ?? (await writeBin(bin, sink));
      knownBins.set(key, digest);
      chunks.push([firstBin + digests.length, digest]);
      digests.push(digest);
    }
    bins.set(group, digests);
    for (const planned of group.inodes) for (const chunk of ownChunks(planned)) chunks.push(chunk);
  }
  let metadataChunks = 0;
  for (const [index, bytes] of encodeMetadata(plan)) {
    chunks.push([index, await sink.storeChunk(bytes, 'metadata')]);
    metadataChunks += 1;
  }
  chunks.sort((left, right) => left[0] - right[0]);
  return { chunks, bins, metadataChunks };
}

/** Puts a bin together and keeps it. */
export async function writeBin(bin: Bin, sink: LayoutSink): Promise<Digest> {
  const bytes = Buffer.alloc(chunkBytes);
  for (const item of bin.items) {
    const start = item.block * blockBytes;
    const target = bytes.subarray(start, start + item.sizeBytes);
    if (item.content.kind === 'target') target.write(item.content.target, 'latin1');
    else await sink.readSmall(item.content, target);
  }
  return sink.storeChunk(bytes, 'content');
}

/** The chunks of an inode's own, each with its index on the disk. */
export function* ownChunks(planned: PlannedInode): Iterable<readonly [number, Digest]> {
  if (ownChunksOf(planned.inode) === 0 || planned.inode.type !== 'file') return;
  if (planned.inode.content.kind !== 'chunked') return;
  let index = planned.dataStart / blocksPerChunk;
  for (const run of planned.inode.content.runs) {
    for (const digest of run.digests) {
      yield [index, digest];
      index += 1;
    }
  }
}
