import { constants as fsConstants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { type Digest, digestOf } from '../src/index.ts';

/** One content, however many files have it. */
export interface FileContent {
  readonly sizeBytes: number;
  /** Cut at 64 KiB, each piece compressed by zstd at level 1, or plain where that saves less than a sixteenth. */
  readonly storedBytes: number;
}

/** The contents that were seen so far, so that none is compressed twice. */
export type FileContents = Map<Digest, FileContent>;

export interface TreeFiles {
  /** Bytes of all files; hard links count once. */
  readonly totalBytes: number;
  readonly contents: FileContents;
}

const pieceBytes = 65_536;
const compress = promisify(zstdCompress);
const level1 = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** What ideal dedup of whole files would keep of a directory. Pieces of zeros cost it nothing. */
export async function readTreeFiles(root: string, seen: FileContents): Promise<TreeFiles> {
  const inodes = new Set<number>();
  const contents: FileContents = new Map();
  let totalBytes = 0;
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    await using file = await open(
      join(entry.parentPath, entry.name),
      fsConstants.O_RDONLY | fsConstants.O_NOFOLLOW,
    );
    const { ino, nlink, size } = await file.stat();
    if (nlink > 1 && inodes.has(ino)) continue;
    inodes.add(ino);
    totalBytes += size;
    if (size === 0) continue;
    const digest = await contentDigest(file);
    const content = seen.get(digest) ?? {
      sizeBytes: size,
      storedBytes: await compressedBytes(file),
    };
    seen.set(digest, content);
    contents.set(digest, content);
  }
  return { totalBytes, contents };
}

/** Sums of contents: plain, and as they would be stored. */
export function sumContents(contents: Iterable<FileContent>): FileContent {
  let sizeBytes = 0;
  let storedBytes = 0;
  for (const content of contents) {
    sizeBytes += content.sizeBytes;
    storedBytes += content.storedBytes;
  }
  return { sizeBytes, storedBytes };
}

/** A digest of the digests of the pieces: as good as one of the whole, and no file is held in memory. */
async function contentDigest(file: FileHandle): Promise<Digest> {
  const digests: string[] = [];
  for await (const piece of pieces(file)) digests.push(digestOf(piece));
  return digestOf(Buffer.from(digests.join()));
}

async function compressedBytes(file: FileHandle): Promise<number> {
  const zeros = Buffer.alloc(pieceBytes);
  let sumBytes = 0;
  for await (const piece of pieces(file)) {
    if (zeros.subarray(0, piece.length).equals(piece)) continue;
    const { length } = await compress(piece, level1);
    sumBytes += length < piece.length - piece.length / 16 ? length : piece.length;
  }
  return sumBytes;
}

async function* pieces(file: FileHandle): AsyncIterable<Buffer> {
  const buffer = Buffer.alloc(pieceBytes);
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, pieceBytes, position);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}
