import * as fc from 'fast-check';
import { type Digest, digestBytes, digestOf } from '../../../src/digest/digest.ts';
import type { FileTree } from '../../../src/tree/file-tree.ts';
import { type ContentBank, createContentBank } from './content-bank.ts';
import { treeOfSpec, treeSpecs } from './random-tree.ts';
import { layOut, mib } from './write-disk.ts';

/** A digest of the whole disk: of all its chunks and where they are. */
export async function layoutDigest(tree: FileTree, bank: ContentBank): Promise<Digest> {
  const { chunks } = await layOut(tree, 64 * mib, bank);
  const parts = [...chunks].flatMap(([index, digest]) => {
    const place = Buffer.alloc(4);
    place.writeUInt32LE(index);
    return [place, digestBytes(digest)];
  });
  return digestOf(Buffer.concat(parts));
}

/** The digests of the disks of as many random trees, always the same. */
export async function sampleDigests(count: number): Promise<Digest[]> {
  const digests: Digest[] = [];
  for (const spec of fc.sample(treeSpecs, { numRuns: count, seed: 7 })) {
    const bank = createContentBank();
    digests.push(await layoutDigest(treeOfSpec(spec, bank), bank));
  }
  return digests;
}
