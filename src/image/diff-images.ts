import type { BytePath } from '../bytes/byte-path.ts';
import type { Digest } from '../digest/digest.ts';
import { type Inode, sameContent, sameMetadata } from '../tree/inode.ts';
import type { OpenImage } from './open-image.ts';

export type FileDifference = {
  readonly path: BytePath;
  /** `content` covers type, bytes, link target and device number; `metadata` mode, owner, time and xattrs. */
  readonly change: 'added' | 'removed' | 'content' | 'metadata';
};

export interface ImageDifference {
  readonly files: readonly FileDifference[];
  /** Distinct chunks of each, and of both. */
  readonly chunks: { readonly left: number; readonly right: number; readonly shared: number };
}

/** What is different between two images, by their trees and manifests; no content is read. */
export async function diffImages(left: OpenImage, right: OpenImage): Promise<ImageDifference> {
  const files: FileDifference[] = [];
  const leftInodes = await inodesOf(left);
  const rightInodes = await inodesOf(right);
  for (const [path, inode] of leftInodes) {
    const other = rightInodes.get(path);
    if (other === undefined) files.push({ path, change: 'removed' });
    else if (!sameContent(inode, other)) files.push({ path, change: 'content' });
    else if (!sameMetadata(inode, other)) files.push({ path, change: 'metadata' });
  }
  for (const path of rightInodes.keys())
    if (!leftInodes.has(path)) files.push({ path, change: 'added' });
  files.sort((one, two) => (one.path < two.path ? -1 : 1));
  const leftChunks = await chunksOf(left);
  const rightChunks = await chunksOf(right);
  const shared = [...leftChunks].filter((digest) => rightChunks.has(digest)).length;
  return { files, chunks: { left: leftChunks.size, right: rightChunks.size, shared } };
}

async function inodesOf(image: OpenImage): Promise<Map<BytePath, Inode>> {
  const inodes = new Map<BytePath, Inode>();
  for await (const { path, inode } of (await image.tree()).entries()) inodes.set(path, inode);
  return inodes;
}

async function chunksOf(image: OpenImage): Promise<Set<Digest>> {
  const digests = new Set<Digest>();
  for await (const { digest } of image.chunks()) digests.add(digest);
  return digests;
}
