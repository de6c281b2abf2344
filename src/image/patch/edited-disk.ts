import type { Digest } from '../../digest/digest.ts';
import { blockBytes, blocksPerChunk } from '../../ext4/format.ts';
import type { LayoutSink } from '../../layout/write-layout.ts';
import { chunkBytes } from '../../tree/inode.ts';
import type { OpenImage } from '../open-image.ts';

type ChunkKind = Parameters<LayoutSink['storeChunk']>[1];

/** The chunks of a stored disk in which another one differs. Chunks of zeros stay that, and all others stay none. */
export interface EditedDisk {
  /** The bytes of a chunk, to be changed. */
  chunk(index: number, kind: ChunkKind): Promise<Buffer>;
  /** Puts a chunk that is in the store, or on its way there, in the place of another. */
  replace(index: number, digest: Digest): void;
  readonly size: number;
  /** Stores what was changed; gives the digests of all chunks that are others now. The bytes must not be changed afterwards. */
  store(storeChunk: LayoutSink['storeChunk']): Promise<Map<number, Digest>>;
}

export function createEditedDisk(image: OpenImage): EditedDisk {
  const open = new Map<number, { readonly bytes: Buffer; readonly kind: ChunkKind }>();
  const replaced = new Map<number, Digest>();
  return {
    get size() {
      return open.size;
    },
    async chunk(index, kind) {
      const known = open.get(index);
      if (known !== undefined) return known.bytes;
      const bytes = Buffer.from((await image.readChunk(index)) ?? Buffer.alloc(chunkBytes));
      open.set(index, { bytes, kind });
      return bytes;
    },
    replace(index, digest) {
      replaced.set(index, digest);
    },
    async store(storeChunk) {
      const digests = new Map(replaced);
      for (const [index, { bytes, kind }] of open)
        digests.set(index, await storeChunk(bytes, kind));
      return digests;
    },
  };
}

/** Blocks of a disk within their chunk. */
export async function editBlocks(
  disk: EditedDisk,
  {
    block,
    count,
    kind,
  }: { readonly block: number; readonly count: number; readonly kind: ChunkKind },
): Promise<Buffer> {
  const chunk = await disk.chunk(Math.floor(block / blocksPerChunk), kind);
  const start = (block % blocksPerChunk) * blockBytes;
  return chunk.subarray(start, start + count * blockBytes);
}
