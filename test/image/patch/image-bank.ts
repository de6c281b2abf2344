import type { ChunkWriter } from '../../../src/chunks/chunk-writer.ts';
import type { Digest } from '../../../src/digest/digest.ts';
import type { Content, Inode } from '../../../src/tree/inode.ts';
import { type ContentBank, createContentBank } from '../../layout/support/content-bank.ts';

/** Contents in memory that an image can be made of. */
export interface ImageBank extends ContentBank {
  /** Gives a writer the chunks of the larger files among these. */
  bring(writer: ChunkWriter, inodes: Iterable<Inode>): Promise<void>;
}

export function createImageBank(): ImageBank {
  const bank = createContentBank();
  const spooled: Digest[] = [];
  const spool = {
    readInto(target: Buffer, offset: number): void {
      const digest = spooled[offset];
      const bytes = digest === undefined ? undefined : bank.bytesOf(digest);
      if (bytes?.length !== target.length) throw new Error(`nothing at ${offset}`);
      bytes.copy(target);
    },
  };
  return {
    ...bank,
    contentOf(bytes): Content {
      const content = bank.contentOf(bytes);
      if (content.kind !== 'small') return content;
      const place = { in: 'spool' as const, spool, offset: spooled.push(content.digest) - 1 };
      return { ...content, place };
    },
    async bring(writer, inodes) {
      for (const inode of inodes) {
        if (inode.type !== 'file' || inode.content.kind !== 'chunked') continue;
        for (const digest of inode.content.runs.flatMap((run) => run.digests)) {
          const bytes = bank.bytesOf(digest);
          if (bytes !== undefined) await writer.add(digest, bytes);
        }
      }
    },
  };
}
