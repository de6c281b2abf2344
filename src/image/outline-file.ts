import { createByteReader, type ByteReader } from '../bytes/byte-reader.ts';
import { createByteWriter } from '../bytes/byte-writer.ts';
import { type Digest, digestBytes, digestFromBytes, digestOf } from '../digest/digest.ts';
import { hasCode } from '../errors/has-code.ts';
import {
  directoryHash,
  groupHash,
  type GroupOutline,
  type LargeFileOutline,
  type LayoutOutline,
  type SlabOutline,
} from '../layout/layout-outline.ts';
import { joinPath } from '../tree/file-tree.ts';
import type { TreeRoot } from '../tree/tree-root.ts';
import { getIfThere } from '../store/get-if-there.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { imageKey } from '../store/store-paths.ts';

const magic = 'ASHLAROL';
const version = 1;
const headerBytes = 8 + 32;
const digestLength = 32;
const flags = { peak: 1, files: 2 } as const;

/** Some 10 bytes a group of 150 files, and the paths of slabs and large files. */
const maxOutlineBytes = 64 * 1024 * 1024;

/**
 * Encodes the outline of a layout, which lies beside an image and is no part of its identity: images without one are only
 * changed more slowly. Magic 8, BLAKE3 of all that follows 32; then, all numbers varints: version, digest of the tree's root,
 * the groups' number and for each flags, weight, largest hash behind the first entry plus one, and chunks; number of slabs of
 * directories and for each path, flags, weight and hash; number of large files and for each path and chunks. The paths of
 * the groups are in the tree's root.
 */
export function encodeOutline(outline: LayoutOutline, tree: Digest): Buffer {
  const writer = createByteWriter();
  writer.varint(version);
  writer.bytes(digestBytes(tree));
  writer.varint(outline.groups.length);
  for (const { isPeak, hasFiles, weight, restHash, chunks } of outline.groups) {
    writer.varint((isPeak ? flags.peak : 0) | (hasFiles ? flags.files : 0));
    for (const number of [weight, restHash + 1, chunks]) writer.varint(number);
  }
  writer.varint(outline.directorySlabs.length);
  for (const { key, isPeak, weight, restHash } of outline.directorySlabs) {
    writer.text(key);
    for (const number of [isPeak ? flags.peak : 0, weight, restHash + 1]) writer.varint(number);
  }
  writer.varint(outline.largeFiles.length);
  for (const { path, chunks } of outline.largeFiles.toSorted(byPath)) {
    writer.text(path);
    writer.varint(chunks);
  }
  const body = writer.finish();
  return Buffer.concat([Buffer.from(magic, 'latin1'), digestBytes(digestOf(body)), body]);
}

function byPath(left: LargeFileOutline, right: LargeFileOutline): number {
  return left.path < right.path ? -1 : 1;
}

/** Null for what is not the outline of this tree. */
export function decodeOutline(bytes: Buffer, tree: Digest, root: TreeRoot): LayoutOutline | null {
  const body = bytes.subarray(headerBytes);
  if (bytes.length < headerBytes || bytes.toString('latin1', 0, 8) !== magic) return null;
  if (digestFromBytes(bytes, 8) !== digestOf(body)) return null;
  try {
    return readOutline(createByteReader(body), tree, root);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The stored outline of an image, as bytes; null where there is none. */
export async function readOutlineBytes(
  objects: ObjectStore,
  image: Digest,
): Promise<Buffer | null> {
  try {
    return await getIfThere(objects, imageKey(image, 'outline'), { maxBytes: maxOutlineBytes });
  } catch (error) {
    if (hasCode(error, 'object_too_large', 'object_not_a_file')) return null;
    throw error;
  }
}

function readOutline(reader: ByteReader, tree: Digest, root: TreeRoot): LayoutOutline | null {
  if (reader.varint() !== version) return null;
  if (digestFromBytes(reader.bytes(digestLength)) !== tree) return null;
  if (reader.varint() !== root.pages.length) return null;
  const groups = root.pages.map(({ firstKey: { directory, name } }): GroupOutline => {
    const key = name === '' ? directory : joinPath(directory, name);
    const set = reader.varint();
    const [isPeak, hasFiles] = [(set & flags.peak) !== 0, (set & flags.files) !== 0];
    const [weight, restHash] = [reader.varint(), reader.varint() - 1];
    const chunks = reader.varint();
    return { key, firstHash: groupHash(key), isPeak, hasFiles, weight, restHash, chunks };
  });
  const directorySlabs = Array.from({ length: bounded(reader) }, (): SlabOutline => {
    const key = reader.text();
    const isPeak = (reader.varint() & flags.peak) !== 0;
    const [weight, restHash] = [reader.varint(), reader.varint() - 1];
    return { key, firstHash: directoryHash(key), isPeak, weight, restHash };
  });
  const largeFiles = Array.from({ length: bounded(reader) }, () => ({
    path: reader.text(),
    chunks: reader.varint(),
  }));
  return reader.remaining === 0 ? { groups, directorySlabs, largeFiles } : null;
}

/** A count of things that take two bytes at least. */
function bounded(reader: ByteReader): number {
  const count = reader.varint();
  if (count * 2 > reader.remaining) throw new RangeError(`counts ${count} things`);
  return count;
}
