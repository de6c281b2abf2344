import { type FileTree, joinPath, parentOf } from '../../../src/tree/file-tree.ts';
import type { Inode } from '../../../src/tree/inode.ts';
import { orderTree, type OrderedEntry } from '../../../src/tree/tree-order.ts';
import { device, directory, fileOf, symlink } from '../../layout/support/make-tree.ts';
import { mib } from '../../layout/support/write-disk.ts';
import { pattern } from '../../support/awkward-tree.ts';
import type { ImageBank } from './image-bank.ts';

/** What is done to a tree: first all removals, then all puts. */
export interface Edits {
  readonly puts: Map<string, Inode>;
  readonly removals: Set<string>;
}

interface Editing extends Edits {
  readonly bank: ImageBank;
  readonly random: () => number;
  /** An entry and a directory of the tree, picked at random. */
  readonly entry: OrderedEntry;
  readonly directory: string;
  readonly other: string;
  /** Another each time. */
  readonly name: string;
  readonly seed: number;
}

/** Everything that moves something: names that come, go, grow or become another thing. */
const kinds: readonly ((editing: Editing) => void)[] = [
  ({ puts, bank, random, directory: place, name, seed }) =>
    puts.set(joinPath(place, name), fileOf(pattern(random() ** 6 * 300_000, seed), bank)),
  ({ puts, bank, random, directory: place, name, seed }) => {
    const path = joinPath(place, name);
    puts.set(path, directory());
    for (let file = 0; file < random() * 5; file += 1)
      puts.set(`${path}/file ${file}`, fileOf(pattern(100 * file, seed), bank));
  },
  ({ removals, entry }) => {
    if (entry.path !== '' && entry.inode.type !== 'directory') removals.add(entry.path);
  },
  ({ removals, entry, random }) => {
    if (entry.path !== '' && random() < 0.3) removals.add(parentOf(entry.path) || entry.path);
  },
  ({ puts, bank, random, entry, seed }) => {
    if (entry.inode.type === 'file')
      puts.set(entry.path, fileOf(pattern(random() ** 4 * 100_000, seed), bank));
  },
  ({ puts, random, directory: place, name }) =>
    puts.set(joinPath(place, name), symlink('t'.repeat(1 + random() * 200))),
  ({ puts, entry, seed }) => {
    if (entry.path !== '') puts.set(entry.path, device('char', { major: 1, minor: seed % 256 }));
  },
  ({ puts, bank, directory: place, other, name, seed }) => {
    const linked = fileOf(pattern(5000, seed), bank);
    puts.set(joinPath(place, name), linked);
    puts.set(joinPath(other, `${name} too`), linked);
  },
  ({ puts, entry, seed }) => {
    if (entry.path !== '') puts.set(entry.path, { ...entry.inode, mode: seed % 512 });
  },
  ({ puts, bank, random, directory: place, name, seed }) => {
    if (random() < 0.3) puts.set(joinPath(place, name), fileOf(pattern(5 * mib, seed), bank));
  },
  ({ puts, entry, seed }) => {
    const xattrs = [{ name: 'user.a', value: pattern(seed % 900) }];
    if (entry.inode.type === 'directory' && entry.path !== '')
      puts.set(entry.path, directory({ xattrs }));
  },
];

/** Makes up to so many edits, does them to the tree, and gives what was done. */
export function editAtRandom(
  tree: FileTree,
  {
    bank,
    random,
    most,
    round,
  }: {
    readonly bank: ImageBank;
    readonly random: () => number;
    readonly most: number;
    readonly round: number;
  },
): Edits {
  const entries = orderTree(tree);
  const directories = entries.filter(({ inode }) => inode.type === 'directory');
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const edits: Edits = { puts: new Map(), removals: new Set() };
  for (let left = 1 + Math.floor(random() * most); left > 0; left -= 1) {
    const seed = round * 100 + left;
    const [place, other] = [pick(directories).path, pick(directories).path];
    const picked = { entry: pick(entries), directory: place, other };
    pick(kinds)({ ...edits, ...picked, bank, random, name: `new ${seed}`, seed });
  }
  return doEdits(tree, edits);
}

/** Does edits to a tree in memory; gives those that could be done. */
export function doEdits(tree: FileTree, { puts, removals }: Edits): Edits {
  for (const path of removals) tree.remove(path);
  const done = new Map<string, Inode>();
  for (const [path, inode] of [...puts].sort(([left], [right]) => (left < right ? -1 : 1))) {
    if (tree.lookup(parentOf(path))?.inode.type !== 'directory') continue;
    tree.put(path, inode);
    done.set(path, inode);
  }
  return { removals, puts: done };
}
