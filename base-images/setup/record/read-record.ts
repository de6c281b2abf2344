import type { Digest, ImageStore } from '../../../src/index.ts';
import type { ImageFiles } from '../../files/image-files.ts';
import { storedImageFiles } from '../../files/stored-image-files.ts';
import type { ChangingTree } from './change-tree.ts';
import { decodeRecord, maxRecordBytes, recordPath, type SetupRecord } from './setup-record.ts';

/** What setups changed in an image; null where there is no list, or one that is none. */
export async function readRecord({
  tree,
  read,
}: Pick<ChangingTree, 'tree' | 'read'>): Promise<SetupRecord | null> {
  const inode = tree.lookup(recordPath)?.inode;
  if (inode?.type !== 'file' || inode.sizeBytes > maxRecordBytes) return null;
  return decodeRecord(await read(recordPath));
}

/** The same of a stored image, of which nothing else is read. */
export async function readStoredRecord(
  imageStore: ImageStore,
  image: Digest,
): Promise<SetupRecord | null> {
  return readRecordIn(await storedImageFiles(imageStore, image));
}

/** The same of any files. */
export async function readRecordIn(files: ImageFiles): Promise<SetupRecord | null> {
  const file = await files.at(recordPath);
  if (file?.type !== 'file' || file.sizeBytes > maxRecordBytes) return null;
  const bytes = await files.read(recordPath, { maxBytes: maxRecordBytes });
  return bytes === null ? null : decodeRecord(bytes);
}
