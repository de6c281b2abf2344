import { open } from 'node:fs/promises';
import type { Digest } from '../../../src/digest/digest.ts';
import { planLayout, type LayoutPlan } from '../../../src/layout/plan-layout.ts';
import { writeLayout, type WrittenLayout } from '../../../src/layout/write-layout.ts';
import type { FileTree } from '../../../src/tree/file-tree.ts';
import { chunkBytes } from '../../../src/tree/inode.ts';
import { orderTree } from '../../../src/tree/tree-order.ts';
import { type ContentBank, createContentBank } from './content-bank.ts';

export interface LaidOut {
  readonly plan: LayoutPlan;
  readonly layout: WrittenLayout;
  /** Digest of each chunk that is not all zeros, by its index on the disk. */
  readonly chunks: ReadonlyMap<number, Digest>;
}

export const mib = 1024 * 1024;
export const gib = 1024 * mib;

/** Lays a tree out; contents come from the bank, and made chunks go there. */
export async function layOut(
  tree: FileTree,
  diskBytes: number,
  bank: ContentBank = createContentBank(),
): Promise<LaidOut> {
  const plan = planLayout(orderTree(tree), diskBytes);
  const storeChunk = async (plain: Buffer): Promise<Digest> => bank.keep(plain);
  const layout = await writeLayout(plan, { storeChunk, readSmall: bank.readSmall }, bank.knownBins);
  return { plan, layout, chunks: new Map(layout.chunks) };
}

/** Lays a tree out into a sparse disk file. Chunks that the bank does not have stay holes. */
export async function writeDisk(
  path: string,
  tree: FileTree,
  options: { readonly diskBytes: number; readonly bank?: ContentBank },
): Promise<LaidOut> {
  const bank = options.bank ?? createContentBank();
  const laidOut = await layOut(tree, options.diskBytes, bank);
  await using file = await open(path, 'w');
  await file.truncate(options.diskBytes);
  for (const [index, digest] of laidOut.chunks) {
    const bytes = bank.bytesOf(digest);
    if (bytes !== undefined) await file.write(bytes, 0, chunkBytes, index * chunkBytes);
  }
  return laidOut;
}
