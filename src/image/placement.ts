import { type Digest, digestBytes, digestFromBytes, digestOf } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { codecs, type PackLocation } from '../chunks/pack-format.ts';
import {
  chunkRecordBytes,
  copyChunkRecords,
  readChunkRecord,
  type StoredRecords,
  writeChunkRecord,
} from './placement-records.ts';

/**
 * Where an image's chunks and pages lie. It is no part of the image's identity: packs can be rewritten, and the image
 * stays what it is.
 *
 *     header     64 bytes: magic 8, version 4, packs 4, blobs 4, pages 4, BLAKE3 of the three front tables 32, zeros
 *     packs      32 bytes each: digest
 *     blobs      16 bytes each: pack number 4, offset 4, codec and stored bytes 4, plain bytes 4;
 *                pages of the manifest in order, the root of the tree, pages of the tree in order
 *     directory  4 bytes a page and one more: number of the page's first chunk record
 *     chunks     8 bytes each: from the lowest bit on offset 26, pack number 20, codec 2, stored bytes less one 16; page
 *                after page in disk order
 *
 * Numbers are little-endian; the codec of a blob is in the highest four bits.
 */
export interface Placement {
  readonly blobs: readonly PackLocation[];
  /** Locations of the chunks of each page of the manifest, in the order of the page; or as another placement has them. */
  readonly pages: readonly (readonly PackLocation[] | StoredRecords)[];
}

/** A placement as it is stored, and the packs that it names. */
export interface EncodedPlacement {
  readonly bytes: Buffer;
  readonly packs: readonly Digest[];
}

const magic = 'ASHLARPL';
const version = 1;
const headerBytes = 64;
const blobBytes = 16;
const codecShift = 28;

/** Throws `image_too_large` for an image in more than a million packs. */
export function encodePlacement(placement: Placement): EncodedPlacement {
  const packs = new Map<Digest, number>();
  const numberOf = (pack: Digest): number => {
    const known = packs.get(pack) ?? packs.size;
    packs.set(pack, known);
    return known;
  };
  const blobs = Buffer.alloc(placement.blobs.length * blobBytes);
  placement.blobs.forEach((location, index) => {
    writeLocation(blobs, index * blobBytes, { location, pack: numberOf(location.pack) });
    blobs.writeUInt32LE(location.plainBytes, index * blobBytes + 12);
  });
  const { directory, chunks } = encodeRecords(placement.pages, numberOf);
  const names = Buffer.concat([...packs.keys()].map((pack) => digestBytes(pack)));
  const front = Buffer.concat([names, blobs, directory]);
  const header = Buffer.alloc(headerBytes);
  header.write(magic, 'latin1');
  header.writeUInt32LE(version, 8);
  header.writeUInt32LE(packs.size, 12);
  header.writeUInt32LE(placement.blobs.length, 16);
  header.writeUInt32LE(placement.pages.length, 20);
  digestBytes(digestOf(front)).copy(header, 24);
  return { bytes: Buffer.concat([header, front, chunks]), packs: [...packs.keys()] };
}

function encodeRecords(
  pages: Placement['pages'],
  numberOf: (pack: Digest) => number,
): Record<'directory' | 'chunks', Buffer> {
  const counts = pages.map((page) =>
    'records' in page ? page.records.length / chunkRecordBytes : page.length,
  );
  const directory = Buffer.alloc((pages.length + 1) * 4);
  const chunks = Buffer.alloc(counts.reduce((sum, count) => sum + count, 0) * chunkRecordBytes);
  const renumber = createRenumbering(numberOf);
  let record = 0;
  pages.forEach((page, index) => {
    const start = record * chunkRecordBytes;
    if ('records' in page) {
      const { records, packs } = page;
      if (!copyChunkRecords(chunks, start, { records, numberOf: renumber(packs) }))
        throw new AshlarError('manifest_corrupt', 'a record of a placement names no pack');
    } else {
      page.forEach((location, number) =>
        writeChunkRecord(chunks, start + number * chunkRecordBytes, {
          location,
          pack: numberOf(location.pack),
        }),
      );
    }
    record += counts[index] ?? 0;
    directory.writeUInt32LE(record, (index + 1) * 4);
  });
  return { directory, chunks };
}

/** Looks the packs of a table up once each. */
function createRenumbering(
  numberOf: (pack: Digest) => number,
): (packs: readonly Digest[]) => (pack: number) => number | undefined {
  const known = new Map<readonly Digest[], (number | undefined)[]>();
  return (packs) => {
    const numbers = known.get(packs) ?? [];
    known.set(packs, numbers);
    return (number) => {
      const pack = packs[number];
      return (numbers[number] ??= pack === undefined ? undefined : numberOf(pack));
    };
  };
}

/** Reads `lengthBytes` at `offset` of a placement. */
export type ReadPlacement = (offset: number, lengthBytes: number) => Promise<Buffer>;

export interface OpenPlacement {
  /** Of packs, blobs and directory: two placements that agree in it have the chunks of each page in the same packs. */
  readonly frontDigest: Digest;
  readonly packs: readonly Digest[];
  readonly blobs: readonly PackLocation[];
  readonly pageCount: number;
  /** The locations of `count` pages from `first` on, by their numbers in the root's list; reads their records only. */
  readPages(first: number, count: number): Promise<readonly (readonly PackLocation[])[]>;
  /** The same, undecoded. */
  readRecords(first: number, count: number): Promise<readonly StoredRecords[]>;
}

/**
 * Opens a placement: reads header and front tables. Throws `manifest_corrupt` with the image it belongs to; so does
 * `readPages` when the placement has been replaced in between, as its records are numbers of another table then.
 */
export async function openPlacement(read: ReadPlacement, image: Digest): Promise<OpenPlacement> {
  const header = await read(0, headerBytes);
  if (header.toString('latin1', 0, 8) !== magic || header.readUInt32LE(8) !== version) {
    throw corrupt(image, 'it has no valid header');
  }
  const packCount = header.readUInt32LE(12);
  const blobCount = header.readUInt32LE(16);
  const pageCount = header.readUInt32LE(20);
  const frontBytes = packCount * 32 + blobCount * blobBytes + (pageCount + 1) * 4;
  const front = await read(headerBytes, frontBytes);
  const frontDigest = digestFromBytes(header, 24);
  if (digestOf(front) !== frontDigest) {
    if (!header.equals(await read(0, headerBytes))) throw replaced(image);
    throw corrupt(image, 'its tables do not match its header');
  }
  const packs = Array.from({ length: packCount }, (_, index) => digestFromBytes(front, index * 32));
  const blobsStart = packCount * 32;
  const blobs = Array.from({ length: blobCount }, (_, index) => {
    const at = blobsStart + index * blobBytes;
    return readLocation(front, at, { packs, plainBytes: front.readUInt32LE(at + 12), image });
  });
  const directoryStart = blobsStart + blobCount * blobBytes;
  const recordOf = (page: number): number => front.readUInt32LE(directoryStart + page * 4);
  const readRecords = async (first: number, count: number): Promise<readonly StoredRecords[]> => {
    const start = recordOf(first);
    const lengthBytes = (recordOf(first + count) - start) * chunkRecordBytes;
    const offset = headerBytes + frontBytes + start * chunkRecordBytes;
    const records = await read(offset, lengthBytes);
    if (!header.equals(await read(0, headerBytes))) throw replaced(image);
    return Array.from({ length: count }, (_, page) => {
      const from = (recordOf(first + page) - start) * chunkRecordBytes;
      const to = (recordOf(first + page + 1) - start) * chunkRecordBytes;
      return { records: records.subarray(from, to), packs };
    });
  };
  return {
    frontDigest,
    packs,
    blobs,
    pageCount,
    readRecords,
    async readPages(first, count) {
      return (await readRecords(first, count)).map(({ records }) =>
        Array.from({ length: records.length / chunkRecordBytes }, (_, record) => {
          const location = readChunkRecord(records, record * chunkRecordBytes, packs);
          if (location === null) throw corrupt(image, 'a record names no pack or codec');
          return location;
        }),
      );
    },
  };
}

/** A location with the number of its pack. */
interface NumberedLocation {
  readonly location: PackLocation;
  readonly pack: number;
}

function writeLocation(target: Buffer, at: number, { location, pack }: NumberedLocation): void {
  const codec = codecs.indexOf(location.codec);
  target.writeUInt32LE(pack, at);
  target.writeUInt32LE(location.offset, at + 4);
  target.writeUInt32LE(((codec << codecShift) | location.storedBytes) >>> 0, at + 8);
}

function readLocation(
  source: Buffer,
  at: number,
  context: { packs: readonly Digest[]; plainBytes: number; image: Digest },
): PackLocation {
  const pack = context.packs[source.readUInt32LE(at)];
  const word = source.readUInt32LE(at + 8);
  const codec = codecs[word >>> codecShift];
  if (pack === undefined || codec === undefined)
    throw corrupt(context.image, 'a record names no pack or codec');
  return {
    pack,
    offset: source.readUInt32LE(at + 4),
    storedBytes: word & (2 ** codecShift - 1),
    plainBytes: context.plainBytes,
    codec,
  };
}

function replaced(image: Digest): AshlarError {
  return new AshlarError(
    'manifest_corrupt',
    `the placement of ${image} was replaced while it was read`,
    { data: { image }, hint: 'Try again: a collection or a build was rewriting it.' },
  );
}

function corrupt(image: Digest, what: string): AshlarError {
  return new AshlarError('manifest_corrupt', `the placement of ${image} is damaged: ${what}`, {
    data: { image },
  });
}
