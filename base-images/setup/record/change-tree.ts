import {
  type BytePath,
  changeImage,
  type ChangingFiles,
  type ContentIntake,
  createContentIntake,
  createFileReader,
  type Digest,
  type FileInode,
  type FileSpool,
  type ImageStore,
  type Json,
  openImage,
  type Timestamp,
} from '../../../src/index.ts';

/** The files of an image, to be changed: `tree` has those that were loaded. */
export interface ChangingTree extends ChangingFiles {
  readonly intake: ContentIntake;
  /** The bytes of a file, as the image has it; none where it has no such file. */
  readonly read: (path: BytePath) => Promise<Buffer>;
}

export interface ChangedImage {
  readonly digest: Digest;
  readonly newStoredBytes: number;
}

/** Writes the image that has the files as `work` leaves them, and the provenance that it gives; `work` may be done twice. */
export async function changeTree(
  imageStore: ImageStore,
  digest: Digest,
  work: (changing: ChangingTree) => Promise<Json>,
): Promise<ChangedImage> {
  const image = await openImage(imageStore, digest);
  const stored = await image.tree();
  const reader = createFileReader(image);
  const read = async (path: BytePath): Promise<Buffer> => {
    const inode = await stored.lookup(path);
    const parts: Buffer[] = [];
    if (inode?.type === 'file')
      for await (const part of reader.read(inode)) parts.push(Buffer.from(part));
    return Buffer.concat(parts);
  };
  const writer = imageStore.createWriter();
  try {
    using spool = createMemorySpool();
    const intake = createContentIntake(writer, spool);
    const changed = await changeImage(imageStore, image, {
      writer,
      work: (files) => work({ ...files, intake, read }),
    });
    return { digest: changed, newStoredBytes: writer.stats.newStoredBytes };
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

export interface NewFile {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Timestamp;
}

export async function newFile(
  intake: ContentIntake,
  bytes: Buffer,
  { mode, uid, gid, mtime }: NewFile,
): Promise<FileInode> {
  const content = await intake.addFile(bytes.length, whole(bytes));
  return { type: 'file', sizeBytes: bytes.length, content, mode, uid, gid, mtime, xattrs: [] };
}

async function* whole(bytes: Buffer): AsyncIterable<{ offset: number; bytes: Buffer }> {
  yield { offset: 0, bytes };
}

/** A setup has a few dozen small files, of 20 KiB at most. */
function createMemorySpool(): FileSpool {
  const parts: Buffer[] = [];
  return {
    append: (bytes) => parts.push(Buffer.from(bytes)) - 1,
    readInto(target, index) {
      parts[index]?.copy(target);
    },
    [Symbol.dispose]() {
      parts.length = 0;
    },
  };
}
