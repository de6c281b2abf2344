import { createFileTree, type FileTree } from '../../../src/tree/file-tree.ts';
import type {
  Content,
  DeviceInode,
  DirectoryInode,
  FileInode,
  PipeInode,
  SymlinkInode,
} from '../../../src/tree/inode.ts';

type Given<T> = Partial<Omit<T, 'type'>>;

const plain = { uid: 0, gid: 0, mtime: { sec: 1_700_000_000, nsec: 0 }, xattrs: [] } as const;

/** Inodes with usual metadata, each an object of its own. */
export const directory = (given: Given<DirectoryInode> = {}): DirectoryInode => ({
  ...plain,
  type: 'directory',
  mode: 0o755,
  ...given,
});

export const file = (given: Given<FileInode> = {}): FileInode => ({
  ...plain,
  type: 'file',
  mode: 0o644,
  sizeBytes: 0,
  content: { kind: 'zeros' },
  ...given,
});

export const fileOf = (
  bytes: Buffer,
  bank: { contentOf(bytes: Buffer): Content },
  given: Given<FileInode> = {},
): FileInode => file({ sizeBytes: bytes.length, content: bank.contentOf(bytes), ...given });

export const symlink = (target: string, given: Given<SymlinkInode> = {}): SymlinkInode => ({
  ...plain,
  type: 'symlink',
  mode: 0o777,
  target,
  ...given,
});

export const device = (
  type: DeviceInode['type'],
  number: { major: number; minor: number },
): DeviceInode => ({ ...plain, type, mode: 0o600, ...number });

export const pipe = (type: PipeInode['type']): PipeInode => ({ ...plain, type, mode: 0o644 });

/** A tree of these inodes by path; parents have to come before their children. */
export function treeOf(
  inodes: Readonly<Record<string, Parameters<FileTree['put']>[1]>>,
  root: DirectoryInode = directory(),
): FileTree {
  const tree = createFileTree(root);
  for (const [path, inode] of Object.entries(inodes)) tree.put(path, inode);
  return tree;
}
