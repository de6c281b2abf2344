import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placesInBins } from '../../src/layout/pack-bins.ts';
import { planLayout } from '../../src/layout/plan-layout.ts';
import { writeLayout } from '../../src/layout/write-layout.ts';
import { runChecked } from '../../src/process/run-command.ts';
import { createFileTree, type FileTree, parentOf } from '../../src/tree/file-tree.ts';
import type { Inode } from '../../src/tree/inode.ts';
import { orderTree } from '../../src/tree/tree-order.ts';
import { decodeTreePage, encodeTreePage } from '../../src/tree/tree-page.ts';
import { type ContentBank, createContentBank } from './support/content-bank.ts';
import { layoutDigest, sampleDigests } from './support/layout-digest.ts';
import { directory, file } from './support/make-tree.ts';
import { entriesOf, treeOfSpec, type TreeSpec, treeSpecs } from './support/random-tree.ts';
import { mib } from './support/write-disk.ts';

/** The tree of a spec, its names put in the order of `ranks`, with detours. */
function treeInOrder(spec: TreeSpec, bank: ContentBank, ranks: readonly number[]): FileTree {
  const entries = entriesOf(spec, bank);
  const rankOf = new Map(entries.map(([path], index) => [path, ranks[index % ranks.length] ?? 0]));
  const shuffled = entries.toSorted(
    ([left], [right]) => (rankOf.get(left) ?? 0) - (rankOf.get(right) ?? 0),
  );
  const inodes = new Map(entries);
  const tree = createFileTree(directory());
  tree.put('detour', directory());
  const put = (path: string, inode: Inode): void => {
    if (tree.lookup(path) !== undefined) return;
    const parent = parentOf(path);
    const parentInode = inodes.get(parent);
    if (parentInode !== undefined) put(parent, parentInode);
    tree.put(path, inode.type === 'directory' ? directory() : file());
    tree.put(path, inode);
  };
  for (const [path, inode] of shuffled) {
    put(path, inode);
    tree.put('detour/passing', file());
  }
  tree.remove('detour');
  // Directories are touched last, in the order in which they came.
  for (const [path, inode] of shuffled) if (inode.type === 'directory') tree.put(path, inode);
  tree.put('', { type: 'directory', ...spec.root });
  return tree;
}

/** The tree as its pages give it back. */
async function throughPages(tree: FileTree, bank: ContentBank): Promise<FileTree> {
  const plan = planLayout(orderTree(tree), 64 * mib);
  const sink = { storeChunk: async (plain: Buffer) => bank.keep(plain), readSmall: bank.readSmall };
  const layout = await writeLayout(plan, sink, new Map());
  let decoded: FileTree | undefined;
  for (const group of plan.groups) {
    const places = placesInBins(group.bins);
    const bins = layout.bins.get(group) ?? [];
    const page = decodeTreePage(encodeTreePage({ entries: group.entries, bins, places }));
    for (const entry of page.entries) {
      const inode = 'linkTo' in entry ? decoded?.lookup(entry.linkTo)?.inode : entry.inode;
      if (inode === undefined) throw new Error(`no inode for ${entry.path}`);
      if (decoded === undefined && inode.type === 'directory') decoded = createFileTree(inode);
      else decoded?.put(entry.path, inode);
    }
  }
  if (decoded === undefined) throw new Error('no pages');
  return decoded;
}

const runs = { numRuns: 25, seed: 20_261_122 };

describe('the layout is a function of the tree', () => {
  it('and not of the order in which it was put together', async () => {
    const ranks = fc.array(fc.nat(1000), { minLength: 1, maxLength: 100 });
    await fc.assert(
      fc.asyncProperty(treeSpecs, ranks, async (spec, order) => {
        const bank = createContentBank();
        const plain = await layoutDigest(treeOfSpec(spec, bank), bank);
        const other = createContentBank();
        expect(await layoutDigest(treeInOrder(spec, other, order), other)).toBe(plain);
      }),
      runs,
    );
  });

  it('and the same when the tree was read from its pages', async () => {
    await fc.assert(
      fc.asyncProperty(treeSpecs, async (spec) => {
        const bank = createContentBank();
        const tree = treeOfSpec(spec, bank);
        const plain = await layoutDigest(tree, bank);
        expect(await layoutDigest(await throughPages(tree, bank), createFresh(bank))).toBe(plain);
      }),
      runs,
    );
  });

  it('and the same in other processes, with other clocks, languages and directories', async () => {
    const script = fileURLToPath(new URL('support/print-digests.ts', import.meta.url));
    const settings = [
      { TZ: 'Asia/Kathmandu', LC_ALL: 'tr_TR.UTF-8' },
      { TZ: 'America/St_Johns', LC_ALL: 'C' },
    ];
    const printed = await Promise.all(
      settings.map(async (env) => {
        const options = { cwd: tmpdir(), env: { ...process.env, ...env } };
        const { stdout } = await runChecked(process.execPath, [script, '10'], options);
        return JSON.parse(stdout.toString()) as unknown;
      }),
    );
    const own = await sampleDigests(10);
    expect(new Set(own).size).toBe(10);
    expect(printed).toEqual([own, own]);
  });
});

/** The same contents, but no bin that was laid out before. */
function createFresh(bank: ContentBank): ContentBank {
  return { ...bank, knownBins: new Map() };
}
