import type { ChunkWriter } from '../chunks/chunk-writer.ts';
import type { Effort } from '../chunks/codec.ts';
import type { PackLocation } from '../chunks/pack-format.ts';
import { type Digest, digestOf } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import type { LayoutSink } from '../layout/write-layout.ts';
import type { StoreBlob } from './write-tree.ts';

/** Takes in what images are made of: chunks of disks, and pages. */
export interface PartsWriter {
  readonly storeChunk: LayoutSink['storeChunk'];
  readonly storeBlob: StoreBlob;
  /** Where a part is, once the writer was flushed; throws `chunk_missing` for one that nobody has brought. */
  locate(digest: Digest): PackLocation;
}

export function createPartsWriter(writer: ChunkWriter): PartsWriter {
  const store = async (bytes: Buffer, effort: Effort): Promise<Digest> => {
    const digest = digestOf(bytes);
    await writer.add(digest, bytes, effort);
    return digest;
  };
  return {
    storeChunk: (bytes, kind) => store(bytes, kind === 'metadata' ? 'thorough' : 'fast'),
    storeBlob: (bytes) => store(bytes, 'thorough'),
    locate(digest) {
      const location = writer.locate(digest);
      if (location !== undefined) return location;
      throw new AshlarError('chunk_missing', `nobody knows where the chunk ${digest} is stored`, {
        data: { digest },
      });
    },
  };
}
