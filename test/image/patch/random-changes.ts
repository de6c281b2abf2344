import * as fc from 'fast-check';
import type { FileTree } from '../../../src/tree/file-tree.ts';
import { type FileInode, type Inode, type Xattr } from '../../../src/tree/inode.ts';
import { orderTree } from '../../../src/tree/tree-order.ts';
import type { ContentBank } from '../../layout/support/content-bank.ts';
import { pattern } from '../../support/awkward-tree.ts';

/** Something that is done to an inode of a tree, which is picked by a number. */
export interface ChangeSpec {
  readonly which: number;
  readonly what: Change;
}

type Change =
  | { readonly kind: 'owner'; readonly mode: number; readonly uid: number }
  | { readonly kind: 'time'; readonly sec: number; readonly nsec: number }
  | { readonly kind: 'xattrs'; readonly lengths: readonly number[] }
  /** Other bytes, the same number of blocks as far as possible. */
  | { readonly kind: 'content'; readonly seed: number; readonly cutBytes: number }
  | { readonly kind: 'size'; readonly blocks: number; readonly seed: number }
  | { readonly kind: 'target'; readonly lengthBytes: number; readonly letter: string }
  | { readonly kind: 'device'; readonly major: number; readonly minor: number }
  | { readonly kind: 'same' }
  | { readonly kind: 'one name' }
  | { readonly kind: 'linked'; readonly to: number }
  | { readonly kind: 'other type' }
  | { readonly kind: 'new' }
  | { readonly kind: 'gone' };

const shapeKeeping: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    kind: fc.constant('owner' as const),
    mode: fc.nat(0o7777),
    uid: fc.oneof(fc.nat(2000), fc.nat(2 ** 32 - 2)),
  }),
  fc.record({
    kind: fc.constant('time' as const),
    sec: fc.oneof(
      fc.integer({ min: 1.5e9, max: 1.8e9 }),
      fc.integer({ min: -(2 ** 31), max: 2e10 }),
    ),
    nsec: fc.nat(999_999_999),
  }),
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('content' as const),
      seed: fc.integer({ min: 21, max: 60 }),
      cutBytes: fc.nat(4095),
    }),
  },
  fc.record({
    kind: fc.constant('target' as const),
    lengthBytes: fc.integer({ min: 1, max: 59 }),
    letter: fc.constantFrom('x', 'y'),
  }),
  fc.record({
    kind: fc.constant('device' as const),
    major: fc.nat(4095),
    minor: fc.nat(1_048_575),
  }),
  fc.record({ kind: fc.constant('same' as const) }),
);

const shapeBreaking: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    kind: fc.constant('xattrs' as const),
    lengths: fc.array(fc.oneof(fc.nat(30), fc.integer({ min: 100, max: 900 })), { maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('size' as const),
    blocks: fc.nat(40),
    seed: fc.integer({ min: 0, max: 60 }),
  }),
  fc.record({
    kind: fc.constant('target' as const),
    lengthBytes: fc.oneof(fc.integer({ min: 55, max: 64 }), fc.integer({ min: 60, max: 4095 })),
    letter: fc.constantFrom('x', 'y'),
  }),
  fc.record({ kind: fc.constant('one name' as const) }),
  fc.record({ kind: fc.constant('linked' as const), to: fc.nat(2000) }),
  fc.record({ kind: fc.constant('other type' as const) }),
  fc.record({ kind: fc.constant('new' as const) }),
  fc.record({ kind: fc.constant('gone' as const) }),
);

/** Changes that come one set after the other, most of which leave the layout as it is. */
export const changeRounds: fc.Arbitrary<readonly (readonly ChangeSpec[])[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.array(changes(shapeKeeping), { maxLength: 12, size: 'max' }) },
    {
      weight: 1,
      arbitrary: fc.array(changes(fc.oneof(shapeKeeping, shapeBreaking)), { maxLength: 4 }),
    },
    { weight: 2, arbitrary: fc.array(changes(shapeBreaking), { maxLength: 1 }) },
  ),
  { minLength: 1, maxLength: 6, size: 'max' },
);

function changes(what: fc.Arbitrary<Change>): fc.Arbitrary<ChangeSpec> {
  return fc.record({ which: fc.nat(2000), what });
}

/** What the changes put into a tree, in order. */
export function putsOf(
  tree: FileTree,
  specs: readonly ChangeSpec[],
  bank: ContentBank,
): [path: string, inode: Inode][] {
  const entries = orderTree(tree);
  const puts = new Map<string, Inode>();
  for (const { which, what } of specs) {
    const entry = entries[which % entries.length];
    if (entry === undefined || what.kind === 'gone') continue;
    const names = entries.filter(({ firstPath }) => firstPath === entry.firstPath);
    if (what.kind === 'new') {
      if (entry.inode.type === 'directory')
        puts.set(`${entry.path === '' ? '' : `${entry.path}/`}brand new`, emptyFile(entry.inode));
    } else if (what.kind === 'linked') {
      const other = entries[what.to % entries.length] ?? entry;
      if (other.inode.type === 'directory' || entry.inode.type === 'directory') continue;
      const inode = { ...other.inode };
      for (const { path, firstPath } of entries)
        if (firstPath === other.firstPath || firstPath === entry.firstPath) puts.set(path, inode);
    } else if (what.kind === 'one name') {
      puts.set(entry.path, { ...(puts.get(entry.path) ?? entry.inode) });
    } else {
      const inode = changed(puts.get(entry.path) ?? entry.inode, what, bank);
      for (const { path } of names) puts.set(path, inode);
    }
  }
  return [...puts];
}

/** What the changes remove from it before that. */
export function removalsOf(tree: FileTree, specs: readonly ChangeSpec[]): Set<string> {
  const entries = orderTree(tree);
  const gone = specs.filter(({ what }) => what.kind === 'gone');
  const paths = gone.map(({ which }) => entries[which % entries.length]?.path ?? '');
  return new Set(paths.filter((path) => path !== ''));
}

function emptyFile({ uid, gid, mtime }: Inode): Inode {
  return {
    type: 'file',
    mode: 0o600,
    uid,
    gid,
    mtime,
    xattrs: [],
    sizeBytes: 0,
    content: { kind: 'zeros' },
  };
}

function changed(inode: Inode, what: Change, bank: ContentBank): Inode {
  switch (what.kind) {
    case 'owner':
      return { ...inode, mode: what.mode, uid: what.uid };
    case 'time':
      return { ...inode, mtime: { sec: what.sec, nsec: what.nsec } };
    case 'xattrs':
      return { ...inode, xattrs: what.lengths.map(xattrOf) };
    case 'content':
      return inode.type === 'file' ? withOtherBytes(inode, what, bank) : { ...inode };
    case 'size':
      return inode.type === 'file'
        ? withBytes(inode, pattern(what.blocks * 1024, what.seed), bank)
        : { ...inode };
    case 'target':
      return inode.type === 'symlink'
        ? { ...inode, target: what.letter.repeat(what.lengthBytes) }
        : { ...inode };
    case 'device':
      return 'major' in inode ? { ...inode, major: what.major, minor: what.minor } : { ...inode };
    case 'other type':
      return inode.type === 'directory' ? { ...inode } : { ...emptyFile(inode), type: 'fifo' };
    default:
      return { ...inode };
  }
}

function xattrOf(lengthBytes: number, index: number): Xattr {
  return { name: `user.number-${index}`, value: pattern(lengthBytes, index + 1) };
}

/** As many blocks, other bytes, the last block cut; holes stay where they were. */
function withOtherBytes(
  inode: FileInode,
  { seed, cutBytes }: { readonly seed: number; readonly cutBytes: number },
  bank: ContentBank,
): FileInode {
  const { content } = inode;
  const sizeBytes = Math.ceil(inode.sizeBytes / 4096) * 4096 - cutBytes;
  if (inode.sizeBytes === 0 || content.kind === 'zeros') return { ...inode };
  if (content.kind === 'small') return withBytes(inode, pattern(sizeBytes, seed), bank);
  const chunks = content.runs.flatMap(({ start, digests }) =>
    digests.map((digest, index): [number, Buffer] => {
      const position = start + index;
      const lengthBytes = Math.min(65_536, sizeBytes - position * 65_536);
      const known = bank.bytesOf(digest);
      const isKept = position % 2 === seed % 2 && lengthBytes === 65_536 && known !== undefined;
      return [position, isKept ? known : pattern(lengthBytes, seed + position)];
    }),
  );
  return { ...inode, sizeBytes, content: bank.sparse(new Map(chunks)) };
}

function withBytes(inode: FileInode, bytes: Buffer, bank: ContentBank): FileInode {
  return { ...inode, sizeBytes: bytes.length, content: bank.contentOf(bytes) };
}
