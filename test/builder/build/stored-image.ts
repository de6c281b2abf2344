import {
  createFileReader,
  type Digest,
  fromUtf8,
  type ImageConfig,
  type ImageStore,
  type Inode,
  openImage,
  resolveImage,
  toDisplay,
} from '../../../src/index.ts';

/** What a stored image holds, read without mounting it. */
export interface StoredImage {
  readonly digest: Digest;
  readonly config: ImageConfig;
  /** Digest of all files with all that is known of them. */
  readonly tree: Digest;
  /**
   * A line for each entry at and below a path: letter of the type, mode, owner, path, then link target, first name of a
   * hard link, or the content where it is short.
   */
  list(path?: string): Promise<string[]>;
  text(path: string): Promise<string>;
  inode(path: string): Promise<Inode | null>;
}

const letters: Readonly<Record<Inode['type'], string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  char: 'c',
  block: 'b',
  fifo: 'p',
  socket: 's',
};
const shownBytes = 100;

export async function viewImage(store: ImageStore, reference: string): Promise<StoredImage> {
  const image = await openImage(store, await resolveImage(store.objects, reference));
  const tree = await image.tree();
  const reader = createFileReader(image);
  const contentOf = async (inode: Inode): Promise<string> => {
    if (inode.type !== 'file') throw new Error(`a ${inode.type} has no content`);
    const parts: Buffer[] = [];
    for await (const part of reader.read(inode)) parts.push(Buffer.from(part));
    return Buffer.concat(parts).toString('utf8');
  };
  return {
    digest: image.digest,
    config: image.root.config,
    tree: image.root.tree,
    inode: (path) => tree.lookup(inside(path)),
    text: async (path) => contentOf((await tree.lookupFollowing(inside(path))).inode),
    async list(path = '/') {
      const lines: string[] = [];
      for await (const { path: at, inode, firstPath } of tree.entries(inside(path))) {
        const fields = [
          `${letters[inode.type]}${inode.mode.toString(8).padStart(4, '0')}`,
          `${inode.uid}:${inode.gid}`,
          `/${toDisplay(at)}`,
        ];
        if (firstPath !== at) fields.push(`= /${toDisplay(firstPath)}`);
        else if (inode.type === 'symlink') fields.push(`-> ${toDisplay(inode.target)}`);
        else if (inode.type === 'file' && inode.sizeBytes <= shownBytes)
          fields.push(JSON.stringify(await contentOf(inode)));
        lines.push(fields.join(' '));
      }
      return lines.toSorted();
    },
  };
}

function inside(path: string): string {
  return fromUtf8(path.replace(/^\/+/, ''));
}
