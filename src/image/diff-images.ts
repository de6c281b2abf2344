import type { BytePath } from '../bytes/byte-path.ts';
import type { Digest } from '../digest/digest.ts';
import { sameContent, sameMetadata } from '../tree/inode.ts';
import type { TreeEntry } from '../tree/tree-order.ts';
import { canonicalJson, type Json } from './canonical-json.ts';
import type { OpenImage } from './open-image.ts';

export type FileDifference = {
  readonly path: BytePath;
  /**
   * `content` covers type, bytes, link target and device number; `metadata` mode, owner, time, xattrs, and which path
   * is the first of its hard links.
   */
  readonly change: 'added' | 'removed' | 'content' | 'metadata';
};

export interface ImageDifference {
  readonly files: readonly FileDifference[];
  /** What is different beside the files: the config, the size of the disk. */
  readonly others: readonly ('config' | 'disk size')[];
  /** Distinct chunks of each, and of both. */
  readonly chunks: { readonly left: number; readonly right: number; readonly shared: number };
}

/** What is different between two images, by their trees and manifests; no content is read. */
export async function diffImages(left: OpenImage, right: OpenImage): Promise<ImageDifference> {
  const files: FileDifference[] = [];
  const leftEntries = await entriesOf(left);
  const rightEntries = await entriesOf(right);
  for (const [path, { inode, firstPath }] of leftEntries) {
    const other = rightEntries.get(path);
    if (other === undefined) files.push({ path, change: 'removed' });
    else if (!sameContent(inode, other.inode)) files.push({ path, change: 'content' });
    else if (!sameMetadata(inode, other.inode) || firstPath !== other.firstPath)
      files.push({ path, change: 'metadata' });
  }
  for (const path of rightEntries.keys())
    if (!leftEntries.has(path)) files.push({ path, change: 'added' });
  files.sort((one, two) => (one.path < two.path ? -1 : 1));
  const leftChunks = await chunksOf(left);
  const rightChunks = await chunksOf(right);
  const shared = [...leftChunks].filter((digest) => rightChunks.has(digest)).length;
  const others: ('config' | 'disk size')[] = [];
  if (configOf(left) !== configOf(right)) others.push('config');
  if (left.root.diskBytes !== right.root.diskBytes) others.push('disk size');
  return { files, others, chunks: { left: leftChunks.size, right: rightChunks.size, shared } };
}

async function entriesOf(image: OpenImage): Promise<Map<BytePath, TreeEntry>> {
  const entries = new Map<BytePath, TreeEntry>();
  for await (const entry of (await image.tree()).entries()) entries.set(entry.path, entry);
  return entries;
}

function configOf({ root }: OpenImage): string {
  return canonicalJson(root.config as unknown as Json);
}

async function chunksOf(image: OpenImage): Promise<Set<Digest>> {
  const digests = new Set<Digest>();
  for await (const { digest } of image.chunks()) digests.add(digest);
  return digests;
}
