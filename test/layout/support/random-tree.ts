import * as fc from 'fast-check';
import { fromBytes } from '../../../src/bytes/byte-path.ts';
import { createFileTree, type FileTree, joinPath } from '../../../src/tree/file-tree.ts';
import {
  chunkBytes,
  maxSmallBytes,
  type Inode,
  type Timestamp,
  type Xattr,
} from '../../../src/tree/inode.ts';
import { pattern } from '../../support/awkward-tree.ts';
import type { ContentBank } from './content-bank.ts';

/** A tree as a list of things to put one after another; parents and link targets are picked among what is there. */
export interface TreeSpec {
  readonly root: Metadata;
  readonly steps: readonly TreeStep[];
}

interface Metadata {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Timestamp;
  readonly xattrs: readonly Xattr[];
}

interface TreeStep {
  readonly parent: number;
  readonly name: string;
  readonly metadata: Metadata;
  readonly what: Thing;
}

type Thing =
  | { readonly kind: 'directory' }
  | { readonly kind: 'many'; readonly count: number }
  | { readonly kind: 'file'; readonly sizeBytes: number; readonly seed: number }
  | { readonly kind: 'sparse'; readonly chunks: readonly number[]; readonly endBytes: number }
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'device'; readonly type: 'char' | 'block'; readonly number: [number, number] }
  | { readonly kind: 'pipe'; readonly type: 'fifo' | 'socket' }
  | { readonly kind: 'link'; readonly to: number };

const nameByte = fc.integer({ min: 1, max: 255 }).filter((byte) => byte !== 0x2f);
const bytesAs = (lengths: { minLength: number; maxLength: number }): fc.Arbitrary<string> =>
  fc.array(nameByte, { ...lengths, size: 'max' }).map((bytes) => fromBytes(Buffer.from(bytes)));
const names = fc
  .oneof(
    { weight: 6, arbitrary: fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme-ascii' }) },
    { weight: 2, arbitrary: bytesAs({ minLength: 1, maxLength: 20 }) },
    { weight: 1, arbitrary: bytesAs({ minLength: 240, maxLength: 255 }) },
  )
  .filter((name) => !name.includes('/') && name !== '.' && name !== '..' && name !== 'lost+found');

const sec = fc.oneof(
  fc.integer({ min: 1_500_000_000, max: 1_800_000_000 }),
  fc.integer({ min: -(2 ** 31), max: 10_737_418_239 }),
);
const ids = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 70_000 }), fc.nat(2 ** 32 - 2));
const xattrs = fc
  .uniqueArray(
    fc.record({
      name: bytesAs({ minLength: 1, maxLength: 30 }).map((name) => `trusted.${name}`),
      value: fc
        .oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 900, size: 'max' }))
        .map((bytes) => Buffer.from(bytes)),
    }),
    { maxLength: 4, selector: ({ name }) => name },
  )
  .map((list) => list.toSorted((left, right) => (left.name < right.name ? -1 : 1)));

const metadata: fc.Arbitrary<Metadata> = fc.record({
  mode: fc.oneof(fc.constantFrom(0o644, 0o755), fc.nat(0o7777)),
  uid: ids,
  gid: ids,
  mtime: fc.record({ sec, nsec: fc.nat(999_999_999) }),
  xattrs: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: xattrs }),
});

/** Sizes at and beside the multiples at which the layout does something else. */
const sizes = fc
  .tuple(
    fc.constantFrom(0, 1, 2, 15, 16, 17, 31, 32),
    fc.integer({ min: -1, max: 1 }),
    fc.nat(4095),
    fc.boolean(),
  )
  .map(([blocks, beside, odd, isOdd]) => Math.max(0, blocks * 4096 + (isOdd ? odd : beside)));

const things: fc.Arbitrary<Thing> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('directory' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('many' as const),
      count: fc.integer({ min: 1, max: 900 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('file' as const),
      sizeBytes: sizes,
      seed: fc.integer({ min: 1, max: 20 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('sparse' as const),
      chunks: fc.uniqueArray(fc.nat(30), { minLength: 1, maxLength: 16 }),
      endBytes: fc.integer({ min: 1, max: chunkBytes }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('symlink' as const),
      target: fc.oneof(
        bytesAs({ minLength: 1, maxLength: 62 }),
        bytesAs({ minLength: 4000, maxLength: 4095 }),
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('device' as const),
      type: fc.constantFrom('char' as const, 'block' as const),
      number: fc.tuple(fc.nat(4095), fc.nat(1_048_575)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('pipe' as const),
      type: fc.constantFrom('fifo' as const, 'socket' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('link' as const), to: fc.nat(1000) }) },
);

export const treeSpecs: fc.Arbitrary<TreeSpec> = fc.record({
  root: metadata,
  steps: fc.array(fc.record({ parent: fc.nat(1000), name: names, metadata, what: things }), {
    maxLength: 80,
    size: 'max',
  }),
});

/** What a spec puts at which path, in its order; a name that is taken is left out. */
export function entriesOf(spec: TreeSpec, bank: ContentBank): [path: string, inode: Inode][] {
  const entries = new Map<string, Inode>();
  const directories = [''];
  const linkable: Inode[] = [];
  for (const step of spec.steps) {
    const path = joinPath(directories[step.parent % directories.length] ?? '', step.name);
    if (entries.has(path)) continue;
    const { what } = step;
    if (what.kind === 'many') {
      entries.set(path, { type: 'directory', ...step.metadata });
      for (let index = 0; index < what.count; index += 1)
        entries.set(`${path}/entry number ${index}`, emptyFile(step.metadata));
      continue;
    }
    const inode = inodeOf(step, bank, linkable);
    entries.set(path, inode);
    if (inode.type === 'directory') directories.push(path);
    else linkable.push(inode);
  }
  return [...entries];
}

export function treeOfSpec(spec: TreeSpec, bank: ContentBank): FileTree {
  const tree = createFileTree({ type: 'directory', ...spec.root });
  for (const [path, inode] of entriesOf(spec, bank)) tree.put(path, inode);
  return tree;
}

function inodeOf(
  { what, metadata: given }: TreeStep,
  bank: ContentBank,
  linkable: readonly Inode[],
): Inode {
  switch (what.kind) {
    case 'file': {
      const content = bank.contentOf(pattern(what.sizeBytes, what.seed));
      return { type: 'file', sizeBytes: what.sizeBytes, content, ...given };
    }
    case 'sparse': {
      const last = Math.max(...what.chunks);
      const bytesOf = (index: number): Buffer =>
        pattern(index === last ? what.endBytes : chunkBytes, index + 1);
      const content = bank.sparse(new Map(what.chunks.map((index) => [index, bytesOf(index)])));
      const sizeBytes = last * chunkBytes + what.endBytes;
      return sizeBytes <= maxSmallBytes
        ? { type: 'file', sizeBytes, content: bank.contentOf(bytesOf(0)), ...given }
        : { type: 'file', sizeBytes, content, ...given };
    }
    case 'symlink':
      return { type: 'symlink', target: what.target, ...given, mode: 0o777 };
    case 'device':
      return { type: what.type, major: what.number[0], minor: what.number[1], ...given };
    case 'pipe':
      return { type: what.type, ...given };
    case 'link':
      return linkable[what.to % linkable.length] ?? emptyFile(given);
    case 'directory':
    case 'many':
      return { type: 'directory', ...given };
  }
}

function emptyFile(given: Metadata): Inode {
  return { type: 'file', sizeBytes: 0, content: { kind: 'zeros' }, ...given };
}
