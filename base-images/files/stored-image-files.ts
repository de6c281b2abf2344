import {
  createFileReader,
  type Digest,
  type FileInode,
  type ImageStore,
  type Inode,
  listDirectory,
  openImage,
} from '../../src/index.ts';
import type { BytePath } from '../../src/index.ts';
import type { ImageFile, ImageFiles } from './image-files.ts';
import { imageFilesFrom } from './image-files-from.ts';

/**
 * The files of a stored image. Of its tree only the pages are read in which something is looked for, of its files only
 * what is read, whatever the size of the image. Throws as `openImage`; reading throws as that does of damage.
 */
export async function storedImageFiles(
  imageStore: ImageStore,
  digest: Digest,
): Promise<ImageFiles> {
  const image = await openImage(imageStore, digest);
  const tree = await image.tree();
  const reader = createFileReader(image);
  const inodes = new WeakMap<ImageFile, FileInode>();
  return imageFilesFrom({
    async lookup(path) {
      const inode = await tree.lookup(path);
      if (inode === null) return null;
      const file = imageFileOf(path, inode);
      if (inode.type === 'file') inodes.set(file, inode);
      return file;
    },
    list: (directory) => listDirectory(tree, directory),
    async read(file) {
      const inode = inodes.get(file);
      const parts: Buffer[] = [];
      // The parts are parts of buffers that are used again.
      if (inode !== undefined)
        for await (const part of reader.read(inode)) parts.push(Buffer.from(part));
      return Buffer.concat(parts);
    },
  });
}

function imageFileOf(path: BytePath, inode: Inode): ImageFile {
  const { type, mode, uid, gid } = inode;
  return {
    path,
    type,
    mode,
    uid,
    gid,
    sizeBytes: inode.type === 'file' ? inode.sizeBytes : 0,
    target: inode.type === 'symlink' ? inode.target : null,
  };
}
