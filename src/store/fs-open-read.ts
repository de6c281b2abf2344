import type { FileHandle } from 'node:fs/promises';
import { pieceLength, type SharedReads } from '../flow/shared-reads.ts';
import { naming } from './fs-errors.ts';
import { openRegularFile, readUpTo } from './fs-read.ts';
import { type ByteRange, type ObjectPlace, objectTruncated, rangeWithin } from './object-errors.ts';
import { createObjectRead } from './object-read.ts';
import type { ObjectRead, OpenReadOptions } from './object-store.ts';

/**
 * What one read takes. From the page cache 1 MiB at a time is no faster (2 to 5 GiB/s either way), and 200 readers at once
 * would hold 150 MiB more.
 */
const pieceBytes = 256 * 1024;

/** Opens the object in the file at `path`. Its bytes stay readable when the file is replaced or deleted. */
export async function openFsRead(
  place: ObjectPlace,
  path: string,
  { reads, ...options }: OpenReadOptions & { readonly reads: SharedReads },
): Promise<ObjectRead> {
  const { file, sizeBytes, modifiedMs, version } = await openRegularFile(path);
  try {
    const range = rangeWithin(place, options, sizeBytes);
    return createObjectRead({
      info: { key: place.key, sizeBytes, modifiedMs },
      pieces: readRange({ place, path, file, range, reads, version, signal: options.signal }),
      close: () => file.close(),
    });
  } catch (error) {
    await file.close();
    throw error;
  }
}

interface FileRange {
  readonly place: ObjectPlace;
  readonly path: string;
  readonly file: FileHandle;
  readonly range: ByteRange;
  readonly reads: SharedReads;
  readonly version: string;
  readonly signal: AbortSignal | undefined;
}

async function* readRange(source: FileRange): AsyncGenerator<Buffer> {
  const { path, range, signal, reads, version } = source;
  await using file = source.file;
  const end = range.offset + range.lengthBytes;
  for (let at = range.offset; at < end;) {
    signal?.throwIfAborted();
    const lengthBytes = pieceLength({ offset: at, end }, pieceBytes);
    const piece = await reads.of({ source: version, offset: at, lengthBytes }, () =>
      naming({ action: 'read', path }, () => readUpTo(file, at, lengthBytes)),
    );
    // A file of a store never shrinks but by a fault of the disk or of somebody's hand.
    if (piece.length === 0) throw objectTruncated(source.place, { ...range, sizeBytes: at });
    at += piece.length;
    yield piece;
  }
}
