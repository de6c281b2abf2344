import { type Digest, digestOf } from '../../../src/digest/digest.ts';
import type { KnownBins } from '../../../src/layout/write-layout.ts';
import {
  maxSmallBytes,
  chunkBytes,
  type ChunkRun,
  type Content,
  type ContentSpool,
  type SmallContent,
} from '../../../src/tree/inode.ts';

/** Contents of files in memory, cut as the tree wants them, and found again by their digest. */
export interface ContentBank {
  /** The content of a file that holds exactly these bytes. */
  contentOf(bytes: Buffer): Content;
  /** The content of a file in which only these chunks, by position, are not zeros. */
  sparse(chunks: ReadonlyMap<number, Buffer>): Content;
  bytesOf(digest: Digest): Buffer | undefined;
  keep(bytes: Buffer): Digest;
  readSmall(content: SmallContent, target: Buffer): Promise<void>;
  /** Bins that were laid out before, so that they need not be put together again. */
  readonly knownBins: KnownBins;
}

const noSpool: ContentSpool = {
  readInto: () => {
    throw new Error('contents of a bank are read by their digest');
  },
};

export function createContentBank(): ContentBank {
  const kept = new Map<Digest, Buffer>();
  const keep = (bytes: Buffer): Digest => {
    const digest = digestOf(bytes);
    if (!kept.has(digest)) kept.set(digest, Buffer.from(bytes));
    return digest;
  };
  const sparse = (chunks: ReadonlyMap<number, Buffer>): Content => {
    const runs: { start: number; digests: Digest[] }[] = [];
    for (const [index, bytes] of [...chunks].toSorted(([left], [right]) => left - right)) {
      if (isZeros(bytes)) continue;
      const padded = Buffer.alloc(chunkBytes);
      bytes.copy(padded);
      const last = runs.at(-1);
      if (last !== undefined && last.start + last.digests.length === index)
        last.digests.push(keep(padded));
      else runs.push({ start: index, digests: [keep(padded)] });
    }
    return runs.length === 0 ? { kind: 'zeros' } : { kind: 'chunked', runs };
  };
  return {
    knownBins: new Map(),
    keep,
    sparse,
    contentOf(bytes) {
      if (isZeros(bytes)) return { kind: 'zeros' };
      if (bytes.length <= maxSmallBytes)
        return {
          kind: 'small',
          digest: keep(bytes),
          place: { in: 'spool', spool: noSpool, offset: 0 },
        };
      const chunks = new Map<number, Buffer>();
      for (let start = 0; start < bytes.length; start += chunkBytes)
        chunks.set(start / chunkBytes, bytes.subarray(start, start + chunkBytes));
      return sparse(chunks);
    },
    bytesOf: (digest) => kept.get(digest),
    async readSmall(content, target) {
      const bytes = kept.get(content.digest);
      if (bytes?.length !== target.length) throw new Error(`not in the bank: ${content.digest}`);
      bytes.copy(target);
    },
  };
}

/** A content whose chunks nobody keeps: for layouts of which only the metadata is looked at. */
export function phantomContent(runs: readonly { start: number; chunks: number }[]): Content {
  const digest = digestOf(Buffer.from('a chunk that is nowhere'));
  return {
    kind: 'chunked',
    runs: runs.map(({ start, chunks }): ChunkRun => ({
      start,
      digests: Array.from({ length: chunks }, () => digest),
    })),
  };
}

function isZeros(bytes: Buffer): boolean {
  return bytes.equals(Buffer.alloc(bytes.length));
}
