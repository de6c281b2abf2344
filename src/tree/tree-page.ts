import { type BytePath, toDisplay } from '../bytes/byte-path.ts';
import { createByteReader, type ByteReader } from '../bytes/byte-reader.ts';
import { createByteWriter, type ByteWriter } from '../bytes/byte-writer.ts';
import { type Digest, digestBytes, digestFromBytes } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { checkInode } from './check-inode.ts';
import { joinPath, nameOf, parentOf } from './file-tree.ts';
import { chunkBytes, type ChunkedContent, type ChunkRun, type Inode, type Xattr } from './inode.ts';
import type { KnownEntry, TreeEntry } from './tree-order.ts';
import {
  blockBytes,
  digestLength,
  earliestSec,
  kinds,
  latestSec,
  minEntryBytes,
  minRunBytes,
  minXattrBytes,
  pageVersion,
  pipeKinds,
} from './tree-page-format.ts';

/** Where a small content lies: which bin of the page, and at which block of 4 KiB in it. */
export interface BinPlace {
  readonly bin: number;
  readonly block: number;
}

export interface TreePageSource<Entry extends KnownEntry = TreeEntry> {
  readonly entries: readonly Entry[];
  readonly bins: readonly Digest[];
  /** The place of each inode whose content is in a bin. */
  readonly places: ReadonlyMap<Inode, BinPlace>;
}

/** An entry as a page holds it: a later hard link has only the path of the first. */
export type TreePageEntry =
  | { readonly path: BytePath; readonly inode: Inode; readonly place: BinPlace | null }
  | { readonly path: BytePath; readonly linkTo: BytePath };

export interface TreePage {
  readonly bins: readonly Digest[];
  readonly entries: readonly TreePageEntry[];
}

/**
 * Encodes a page of the tree: neighbours in the canonical order. The same entries give the same bytes. All numbers are
 * varints:
 *
 *     version, directory of the first entry, number of bins and their digests, number of entries, then each entry:
 *     kind, path (directories) or name, then for all but hard links: mode, uid, gid, seconds, nanoseconds,
 *     number of xattrs and each name and value; then what the kind needs.
 *
 * Seconds beyond 2^52 are moved to the last that can be said.
 */
export function encodeTreePage({ entries, bins, places }: TreePageSource<KnownEntry>): Buffer {
  return recodeTreePage({
    bins,
    entries: entries.map(({ path, firstPath, inode }) =>
      path === firstPath && inode !== null
        ? { path, inode, place: places.get(inode) ?? null }
        : { path, linkTo: firstPath },
    ),
  });
}

/** Encodes what a page was decoded to, some inodes and bins of it changed. */
export function recodeTreePage({ bins, entries }: TreePage): Buffer {
  const writer = createByteWriter();
  writer.varint(pageVersion);
  const [first] = entries;
  const firstIsDirectory = first === undefined || isDirectory(first);
  writer.text(firstIsDirectory ? '' : parentOf(first.path));
  writer.varint(bins.length);
  for (const bin of bins) writer.bytes(digestBytes(bin));
  writer.varint(entries.length);
  for (const entry of entries) writeEntry(writer, entry);
  return writer.finish();
}

/** Decodes a page; throws `tree_corrupt` when it is not one. */
export function decodeTreePage(bytes: Buffer): TreePage {
  try {
    return readPage(createByteReader(bytes));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new AshlarError('tree_corrupt', `a page of the tree is damaged: it ${error.message}`, {
      cause: error,
    });
  }
}

function isDirectory(entry: TreePageEntry): boolean {
  return 'inode' in entry && entry.inode.type === 'directory';
}

function writeEntry(writer: ByteWriter, entry: TreePageEntry): void {
  const name = isDirectory(entry) ? entry.path : nameOf(entry.path);
  if ('linkTo' in entry) {
    writer.varint(kinds.hardlink);
    writer.text(name);
    writer.text(entry.linkTo);
    return;
  }
  const { inode, place } = entry;
  writer.varint(kindOf(inode, place));
  writer.text(name);
  writer.varint(inode.mode);
  writer.varint(inode.uid);
  writer.varint(inode.gid);
  writer.signedVarint(Math.min(latestSec, Math.max(earliestSec, inode.mtime.sec)));
  writer.varint(inode.mtime.nsec);
  writer.varint(inode.xattrs.length);
  for (const xattr of inode.xattrs) {
    writer.text(xattr.name);
    writer.blob(xattr.value);
  }
  writeContent(writer, inode, place);
}

function kindOf(inode: Inode, place: BinPlace | null): number {
  if (inode.type === 'file') return kinds[inode.content.kind];
  if (inode.type === 'symlink') return place === null ? kinds.symlink : kinds.storedSymlink;
  return kinds[inode.type];
}

function writeContent(writer: ByteWriter, inode: Inode, place: BinPlace | null): void {
  if (inode.type === 'file') writer.varint(inode.sizeBytes);
  if (inode.type === 'file' && inode.content.kind === 'small')
    writer.bytes(digestBytes(inode.content.digest));
  if (inode.type === 'file' && inode.content.kind === 'chunked') writeRuns(writer, inode.content);
  if (inode.type === 'symlink') writer.text(inode.target);
  if (inode.type === 'char' || inode.type === 'block') {
    writer.varint(inode.major);
    writer.varint(inode.minor);
  }
  if (place !== null) {
    writer.varint(place.bin);
    writer.varint(place.block);
  }
}

function writeRuns(writer: ByteWriter, content: ChunkedContent): void {
  writer.varint(content.runs.length);
  let end = 0;
  for (const run of content.runs) {
    writer.varint(run.start - end);
    writer.varint(run.digests.length);
    for (const digest of run.digests) writer.bytes(digestBytes(digest));
    end = run.start + run.digests.length;
  }
}

function readPage(reader: ByteReader): TreePage {
  const version = reader.varint();
  if (version !== pageVersion) throw new RangeError(`has version ${version}`);
  let directory = reader.text();
  const bins = readDigests(reader);
  const entries: TreePageEntry[] = [];
  for (let left = bounded(reader, minEntryBytes); left > 0; left -= 1) {
    const kind = reader.varint();
    const name = reader.text();
    if (kind === kinds.directory) directory = name;
    const path = kind === kinds.directory ? name : joinPath(directory, name);
    if (kind === kinds.hardlink) {
      entries.push({ path, linkTo: reader.text() });
      continue;
    }
    const { inode, place } = readInode(reader, kind, bins, path);
    checkInode(inode);
    entries.push({ path, inode, place });
  }
  if (reader.remaining > 0) throw new RangeError(`has ${reader.remaining} bytes too many`);
  return { bins, entries };
}

function readInode(
  reader: ByteReader,
  kind: number,
  bins: readonly Digest[],
  path: BytePath,
): { inode: Inode; place: BinPlace | null } {
  const base = {
    mode: reader.varint(),
    uid: reader.varint(),
    gid: reader.varint(),
    mtime: { sec: reader.signedVarint(), nsec: reader.varint() },
    xattrs: Array.from({ length: bounded(reader, minXattrBytes) }, (): Xattr => ({
      name: reader.text(),
      value: Buffer.from(reader.blob()),
    })),
  };
  if (kind === kinds.directory) return { inode: { type: 'directory', ...base }, place: null };
  if (kind === kinds.zeros) {
    const sizeBytes = reader.varint();
    return { inode: { type: 'file', sizeBytes, content: { kind: 'zeros' }, ...base }, place: null };
  }
  if (kind === kinds.small) {
    const sizeBytes = reader.varint();
    const digest = digestFromBytes(reader.bytes(32));
    const place = readPlace(reader, bins, sizeBytes);
    const at = { in: 'chunk' as const, chunk: place.chunk, offset: place.block * blockBytes };
    return {
      inode: { type: 'file', sizeBytes, content: { kind: 'small', digest, place: at }, ...base },
      place,
    };
  }
  if (kind === kinds.chunked) {
    const sizeBytes = reader.varint();
    return { inode: { type: 'file', sizeBytes, content: readRuns(reader), ...base }, place: null };
  }
  if (kind === kinds.symlink || kind === kinds.storedSymlink) {
    const target = reader.text();
    const place = kind === kinds.storedSymlink ? readPlace(reader, bins, target.length) : null;
    return { inode: { type: 'symlink', target, ...base }, place };
  }
  if (kind === kinds.char || kind === kinds.block) {
    const type = kind === kinds.char ? 'char' : 'block';
    return {
      inode: { type, major: reader.varint(), minor: reader.varint(), ...base },
      place: null,
    };
  }
  const type = pipeKinds.get(kind);
  if (type === undefined)
    throw new RangeError(`has an entry of kind ${kind} at /${toDisplay(path)}`);
  return { inode: { type, ...base }, place: null };
}

function readPlace(
  reader: ByteReader,
  bins: readonly Digest[],
  sizeBytes: number,
): BinPlace & { chunk: Digest } {
  const bin = reader.varint();
  const block = reader.varint();
  const chunk = bins[bin];
  if (chunk === undefined || block * blockBytes + sizeBytes > chunkBytes)
    throw new RangeError(`places a content at ${bin}:${block}`);
  return { bin, block, chunk };
}

function readRuns(reader: ByteReader): ChunkedContent {
  const runs: ChunkRun[] = [];
  let end = 0;
  for (let left = bounded(reader, minRunBytes); left > 0; left -= 1) {
    const start = end + reader.varint();
    const digests = readDigests(reader);
    runs.push({ start, digests });
    end = start + digests.length;
  }
  return { kind: 'chunked', runs };
}

function readDigests(reader: ByteReader): Digest[] {
  const count = bounded(reader, digestLength);
  return Array.from({ length: count }, () => digestFromBytes(reader.bytes(digestLength)));
}

/** Reads a count of things that the rest of the page can hold: a damaged one must not take memory. */
function bounded(reader: ByteReader, bytesEach: number): number {
  const count = reader.varint();
  if (count * bytesEach > reader.remaining)
    throw new RangeError(`counts ${count} things in ${reader.remaining} bytes`);
  return count;
}
