import {
  type BytePath,
  digestOf,
  type FileInode,
  type Inode,
  type Timestamp,
  type TreeNode,
} from '../../../src/index.ts';

/** What a tree has under a name, so far as it tells whether it has changed since; times are not looked at. */
export type NameState =
  | { readonly type: 'nothing' }
  | ({ readonly type: 'directory' } & Owned)
  | ({ readonly type: 'symlink'; readonly target: BytePath } & Owned)
  | ({ readonly type: 'file'; readonly sizeBytes: number; readonly content: string } & Owned)
  | ({ readonly type: 'other' } & Owned);

interface Owned {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export function stateOf(node: TreeNode | undefined): NameState {
  if (node === undefined) return { type: 'nothing' };
  const { inode } = node;
  const { type, mode, uid, gid } = inode;
  const owned = { mode, uid, gid };
  switch (type) {
    case 'directory':
      return { type, ...owned };
    case 'symlink':
      return { type, target: inode.target, ...owned };
    case 'file':
      return { type, sizeBytes: inode.sizeBytes, content: contentName(inode), ...owned };
    default:
      return { type: 'other', ...owned };
  }
}

export function sameState(left: NameState, right: NameState): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** The same for the same bytes, however the file came to be. */
function contentName({ content }: FileInode): string {
  switch (content.kind) {
    case 'zeros':
      return 'zeros';
    case 'small':
      return content.digest;
    case 'chunked':
      return digestOf(Buffer.from(JSON.stringify(content.runs)));
  }
}

/** What an inode has besides its type and content. */
export interface InodeFacts extends Owned {
  readonly mtime: Timestamp;
  /** Values in base64. */
  readonly xattrs: [name: string, value: string][];
}

export function factsOf({ mode, uid, gid, mtime, xattrs }: Inode): InodeFacts {
  const named = xattrs.map(({ name, value }): [string, string] => [name, value.toString('base64')]);
  return { mode, uid, gid, mtime: { sec: mtime.sec, nsec: mtime.nsec }, xattrs: named };
}

export function inodeBaseOf(
  facts: InodeFacts,
): Pick<Inode, 'mode' | 'uid' | 'gid' | 'mtime' | 'xattrs'> {
  const { mode, uid, gid, mtime, xattrs } = facts;
  const decoded = xattrs.map(([name, value]) => ({ name, value: Buffer.from(value, 'base64') }));
  return { mode, uid, gid, mtime, xattrs: decoded };
}
