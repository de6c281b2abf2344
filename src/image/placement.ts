import { type Digest, digestBytes, digestFromBytes, digestOf } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { codecs, type PackLocation } from '../chunks/pack-format.ts';
import { chunkBytes } from '../tree/inode.ts';

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
  /** Locations of the chunks of each page of the manifest, in the order of the page. */
  readonly pages: readonly (readonly PackLocation[])[];
}

const magic = 'ASHLARPL';
const version = 1;
const headerBytes = 64;
const blobBytes = 16;
const chunkRecordBytes = 8;
const codecShift = 28;

/** Throws `image_too_large` for an image in more than a million packs. */
export function encodePlacement(placement: Placement): Buffer {
  const packs = new Map<Digest, number>();
  const numberOf = (location: PackLocation): number => {
    const known = packs.get(location.pack) ?? packs.size;
    packs.set(location.pack, known);
    return known;
  };
  const blobs = Buffer.alloc(placement.blobs.length * blobBytes);
  placement.blobs.forEach((location, index) => {
    writeLocation(blobs, index * blobBytes, { location, pack: numberOf(location) });
    blobs.writeUInt32LE(location.plainBytes, index * blobBytes + 12);
  });
  const directory = Buffer.alloc((placement.pages.length + 1) * 4);
  const chunks = Buffer.alloc(
    placement.pages.reduce((sum, page) => sum + page.length, 0) * chunkRecordBytes,
  );
  let record = 0;
  placement.pages.forEach((page, index) => {
    for (const location of page) {
      writeChunkRecord(chunks, record * chunkRecordBytes, { location, pack: numberOf(location) });
      record += 1;
    }
    directory.writeUInt32LE(record, (index + 1) * 4);
  });
  const names = Buffer.concat([...packs.keys()].map((pack) => digestBytes(pack)));
  const front = Buffer.concat([names, blobs, directory]);
  const header = Buffer.alloc(headerBytes);
  header.write(magic, 'latin1');
  header.writeUInt32LE(version, 8);
  header.writeUInt32LE(packs.size, 12);
  header.writeUInt32LE(placement.blobs.length, 16);
  header.writeUInt32LE(placement.pages.length, 20);
  digestBytes(digestOf(front)).copy(header, 24);
  return Buffer.concat([header, front, chunks]);
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
  const readRecords = async (first: number, count: number): Promise<Buffer> => {
    const start = recordOf(first);
    const lengthBytes = (recordOf(first + count) - start) * chunkRecordBytes;
    const offset = headerBytes + frontBytes + start * chunkRecordBytes;
    const records = await read(offset, lengthBytes);
    if (!header.equals(await read(0, headerBytes))) throw replaced(image);
    return records;
  };
  return {
    frontDigest,
    packs,
    blobs,
    pageCount,
    async readPages(first, count) {
      const records = await readRecords(first, count);
      const context = { packs, image };
      const start = recordOf(first);
      return Array.from({ length: count }, (_, page) => {
        const from = recordOf(first + page) - start;
        return Array.from({ length: recordOf(first + page + 1) - start - from }, (_, record) =>
          readChunkRecord(records, (from + record) * chunkRecordBytes, context),
        );
      });
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

const offsetBits = 26;
const packBits = 20;
const lowPackBits = 32 - offsetBits;
const highPackBits = packBits - lowPackBits;
const codecBits = 2;

function writeChunkRecord(target: Buffer, at: number, { location, pack }: NumberedLocation): void {
  const { offset, storedBytes } = location;
  if (offset >= 2 ** offsetBits || storedBytes < 1 || storedBytes > chunkBytes)
    throw new AshlarError('internal', `no place of a chunk: ${storedBytes} bytes at ${offset}`);
  if (pack >= 2 ** packBits)
    throw new AshlarError('image_too_large', `an image in more than ${2 ** packBits} packs`, {
      hint: 'Run `ashlar store gc` to have packs rewritten, or ask for a smaller image.',
    });
  const codec = codecs.indexOf(location.codec);
  const high = (pack >>> lowPackBits) | (codec << highPackBits);
  target.writeUInt32LE(((pack << offsetBits) | offset) >>> 0, at);
  target.writeUInt32LE((((storedBytes - 1) << (highPackBits + codecBits)) | high) >>> 0, at + 4);
}

function readChunkRecord(
  source: Buffer,
  at: number,
  context: { packs: readonly Digest[]; image: Digest },
): PackLocation {
  const low = source.readUInt32LE(at);
  const high = source.readUInt32LE(at + 4);
  const number = (low >>> offsetBits) | ((high & (2 ** highPackBits - 1)) << lowPackBits);
  const pack = context.packs[number];
  const codec = codecs[(high >>> highPackBits) & (2 ** codecBits - 1)];
  if (pack === undefined || codec === undefined)
    throw corrupt(context.image, 'a record names no pack or codec');
  return {
    pack,
    offset: low & (2 ** offsetBits - 1),
    storedBytes: (high >>> (highPackBits + codecBits)) + 1,
    plainBytes: chunkBytes,
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
