import type { ChunkWriter } from '../chunks/chunk-writer.ts';
import { type Digest, digestOf } from '../digest/digest.ts';
import {
  chunkBytes,
  type ChunkRun,
  type Content,
  maxSmallBytes,
  type SmallContent,
} from '../tree/inode.ts';
import type { FileSpool } from './file-spool.ts';

/** A run of a file's bytes, which must not be changed afterwards; what lies between runs is zeros. */
export interface ContentSegment {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Turns the bytes of files into contents of a tree: large ones go to the store as they come, small ones to the spool. */
export interface ContentIntake {
  /** A file of at most `maxSmallBytes`, whole. */
  addSmall(bytes: Buffer): SmallContent | { readonly kind: 'zeros' };
  /** A file of any size, as runs in ascending order that do not overlap and end within `sizeBytes`. */
  addFile(sizeBytes: number, segments: AsyncIterable<ContentSegment>): Promise<Content>;
}

const zeroChunk = Buffer.alloc(chunkBytes);

export function createContentIntake(writer: ChunkWriter, spool: FileSpool): ContentIntake {
  const spooled = new Map<Digest, SmallContent>();
  const addSmall = (bytes: Buffer): SmallContent | { kind: 'zeros' } => {
    if (isZeros(bytes)) return { kind: 'zeros' };
    const digest = digestOf(bytes);
    const known = spooled.get(digest);
    if (known !== undefined) return known;
    const content: SmallContent = {
      kind: 'small',
      digest,
      place: { in: 'spool', spool, offset: spool.append(bytes) },
    };
    spooled.set(digest, content);
    return content;
  };
  return {
    addSmall,
    async addFile(sizeBytes, segments) {
      if (sizeBytes <= maxSmallBytes) {
        const bytes = Buffer.alloc(sizeBytes);
        for await (const segment of segments) segment.bytes.copy(bytes, segment.offset);
        return addSmall(bytes);
      }
      const runs = createRuns();
      for await (const chunk of cutChunks(segments)) {
        if (chunk.bytes.equals(zeroChunk)) continue;
        const digest = digestOf(chunk.bytes);
        runs.add(chunk.index, digest);
        await writer.add(digest, chunk.bytes);
      }
      return runs.list.length === 0 ? { kind: 'zeros' } : { kind: 'chunked', runs: runs.list };
    },
  };
}

/** Whole chunks of 64 KiB, zero padded; chunks without any segment are left out. */
async function* cutChunks(
  segments: AsyncIterable<ContentSegment>,
): AsyncIterable<{ readonly index: number; readonly bytes: Buffer }> {
  let index = -1;
  let partial: Buffer | undefined;
  for await (const segment of segments) {
    for (let done = 0; done < segment.bytes.length;) {
      const offset = segment.offset + done;
      const at = offset % chunkBytes;
      const length = Math.min(chunkBytes - at, segment.bytes.length - done);
      const chunkIndex = Math.floor(offset / chunkBytes);
      if (partial !== undefined && chunkIndex !== index) {
        yield { index, bytes: partial };
        partial = undefined;
      }
      index = chunkIndex;
      const piece = segment.bytes.subarray(done, done + length);
      done += length;
      if (length === chunkBytes) {
        yield { index, bytes: piece };
        continue;
      }
      partial ??= Buffer.alloc(chunkBytes);
      piece.copy(partial, at);
    }
  }
  if (partial !== undefined) yield { index, bytes: partial };
}

function createRuns(): { readonly list: ChunkRun[]; add(index: number, digest: Digest): void } {
  const list: { start: number; digests: Digest[] }[] = [];
  return {
    list,
    add(index, digest) {
      const last = list.at(-1);
      if (last !== undefined && last.start + last.digests.length === index)
        last.digests.push(digest);
      else list.push({ start: index, digests: [digest] });
    },
  };
}

function isZeros(bytes: Buffer): boolean {
  return zeroChunk.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;
}
