import {
  type BytePath,
  type Digest,
  digestOf,
  type FileTree,
  type Inode,
  nameOf,
} from '../../src/index.ts';
import type { SourceEntry, SourceTree } from '../context/source-tree.ts';

/** The files of an image as a source to copy from. Contents are named, not read. */
export function createImageSourceTree(tree: FileTree, name: string): SourceTree {
  return {
    name,
    lstat: async (path) => {
      const inode = tree.lookup(path)?.inode;
      return inode === undefined ? null : entryOf(inode);
    },
    readdir: async (path) => [...(tree.lookup(path)?.children?.keys() ?? [])].sort(),
    // Contents go from tree to tree by their digests; nobody reads them.
    readFile(path) {
      throw new TypeError(`the content of ${nameOf(path)} is not read`);
    },
  };
}

function entryOf(inode: Inode): SourceEntry {
  const { mode, uid, gid, mtime, xattrs } = inode;
  const common = { kind: inode.type, mode, uid, gid, mtime, xattrs };
  if (inode.type === 'file') {
    const { sizeBytes } = inode;
    return { ...common, sizeBytes, identity: inode, contentKey: contentKeyOf(inode) };
  }
  if (inode.type === 'symlink') return { ...common, sizeBytes: 0, target: inode.target };
  if (inode.type === 'char' || inode.type === 'block') {
    return { ...common, sizeBytes: 0, device: { major: inode.major, minor: inode.minor } };
  }
  return { ...common, sizeBytes: 0 };
}

function contentKeyOf(inode: Extract<Inode, { type: 'file' }>): string {
  const { content, sizeBytes } = inode;
  if (content.kind === 'zeros') return `zeros:${sizeBytes}`;
  if (content.kind === 'small') return content.digest;
  const runs: readonly { readonly start: number; readonly digests: readonly Digest[] }[] =
    content.runs;
  return `${sizeBytes}:${digestOf(Buffer.from(JSON.stringify(runs), 'latin1'))}`;
}

/** The path in the tree of an absolute path. */
export function treePath(absolute: BytePath): BytePath {
  return absolute.replace(/^\/+/, '').replace(/\/+$/, '');
}
