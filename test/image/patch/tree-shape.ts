import { planXattrs } from '../../../src/ext4/xattr-encoding.ts';
import type { FileTree } from '../../../src/tree/file-tree.ts';
import type { Inode } from '../../../src/tree/inode.ts';
import { orderTree, type TreeEntry } from '../../../src/tree/tree-order.ts';

/**
 * All of a tree that its layout depends on, in words of its own: two trees with the same shape have everything in the same
 * places. With the root, as it is in blocks that are nobody's.
 */
export function shapeOf(tree: FileTree): string[] {
  return orderTree(tree).map((entry, index) =>
    index === 0 ? `root ${JSON.stringify(entry.inode)}` : shapeOfEntry(entry),
  );
}

function shapeOfEntry({ path, firstPath, inode }: TreeEntry): string {
  const xattrs = planXattrs(inode.xattrs, () => path).kind === 'block' ? 'with a block' : '';
  return JSON.stringify([path, firstPath, inode.type, xattrs, contentShapeOf(inode)]);
}

function contentShapeOf(inode: Inode): unknown {
  if (inode.type === 'symlink') return inode.target.length >= 60 ? 'long' : 'short';
  if (inode.type !== 'file') return '';
  const blocks = Math.ceil(inode.sizeBytes / 4096);
  if (inode.content.kind === 'zeros') return 'zeros';
  if (inode.content.kind === 'small') return `small ${blocks}`;
  return inode.content.runs.map(({ start, digests }) => [
    start,
    Math.min(digests.length * 16, blocks - start * 16),
  ]);
}
