import { type Digest, digestBytes, digestFromBytes, digestOf } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';

/**
 * A pack: an immutable object that holds many chunks and other content-addressed blobs, each compressed by itself.
 *
 *     header   16 bytes   magic, version
 *     records             the stored bytes, one after another
 *     index    48 bytes a record: digest 32, offset 4, stored bytes 4, plain bytes 4, codec 4
 *     footer   48 bytes   BLAKE3 of the index 32, number of records 4, index bytes 4, magic 8
 *
 * Numbers are little-endian. A pack is named by the BLAKE3 of all its bytes.
 */
const packMagic = 'ASHLARPK';
const packVersion = 1;
export const packHeaderBytes = 16;
export const packFooterBytes = 48;
const indexRecordBytes = 48;

export const codecs = ['raw', 'zstd'] as const;
export type Codec = (typeof codecs)[number];

/** Largest plain blob in a pack: chunks are 64 KiB, pages of manifests and trees stay far below. */
export const maxPlainBytes = 16 * 1024 * 1024;

/** Largest pack that is read as a whole: a full one, its last record, and its index. */
export const maxStoredPackBytes = 64 * 1024 * 1024;

/** Where the bytes of a digest are. */
export interface PackLocation {
  /** BLAKE3 of the pack, which is its name. */
  readonly pack: Digest;
  readonly offset: number;
  readonly storedBytes: number;
  readonly plainBytes: number;
  readonly codec: Codec;
}

export interface PackRecord extends Omit<PackLocation, 'pack'> {
  readonly digest: Digest;
}

export function encodePackHeader(): Buffer {
  const header = Buffer.alloc(packHeaderBytes);
  header.write(packMagic, 'latin1');
  header.writeUInt32LE(packVersion, 8);
  return header;
}

/** The index and the footer of a pack with these records. */
export function encodePackIndex(records: readonly PackRecord[]): Buffer {
  const index = Buffer.alloc(records.length * indexRecordBytes);
  records.forEach((record, position) => {
    const at = position * indexRecordBytes;
    digestBytes(record.digest).copy(index, at);
    index.writeUInt32LE(record.offset, at + 32);
    index.writeUInt32LE(record.storedBytes, at + 36);
    index.writeUInt32LE(record.plainBytes, at + 40);
    index.writeUInt32LE(codecs.indexOf(record.codec), at + 44);
  });
  const footer = Buffer.alloc(packFooterBytes);
  digestBytes(digestOf(index)).copy(footer, 0);
  footer.writeUInt32LE(records.length, 32);
  footer.writeUInt32LE(index.length, 36);
  footer.write(packMagic, 40, 'latin1');
  return Buffer.concat([index, footer]);
}

/** Bytes of the index, as the footer says. Throws `pack_corrupt`. */
export function readPackFooter(
  footer: Buffer,
  pack: Digest,
): { indexBytes: number; indexDigest: Digest } {
  const count = footer.readUInt32LE(32);
  const indexBytes = footer.readUInt32LE(36);
  if (footer.toString('latin1', 40, 48) !== packMagic || indexBytes !== count * indexRecordBytes) {
    throw corrupt(pack, 'its footer is not one');
  }
  return { indexBytes, indexDigest: digestFromBytes(footer) };
}

/** Decodes and checks an index; `recordsEnd` is where it begins in the pack. Throws `pack_corrupt`. */
export function decodePackIndex(
  index: Buffer,
  pack: { readonly name: Digest; readonly indexDigest: Digest; readonly recordsEnd: number },
): PackRecord[] {
  if (digestOf(index) !== pack.indexDigest)
    throw corrupt(pack.name, 'its index does not match its footer');
  const records: PackRecord[] = [];
  for (let at = 0; at < index.length; at += indexRecordBytes) {
    const record = {
      digest: digestFromBytes(index, at),
      offset: index.readUInt32LE(at + 32),
      storedBytes: index.readUInt32LE(at + 36),
      plainBytes: index.readUInt32LE(at + 40),
      codec: codecs[index.readUInt32LE(at + 44)],
    };
    const { codec } = record;
    const isInside =
      record.offset >= packHeaderBytes && record.offset + record.storedBytes <= pack.recordsEnd;
    if (codec === undefined || !isInside || record.plainBytes > maxPlainBytes) {
      throw corrupt(pack.name, `record ${at / indexRecordBytes} of its index is not possible`);
    }
    records.push({ ...record, codec });
  }
  return records;
}

function corrupt(pack: Digest, what: string): AshlarError {
  return new AshlarError('pack_corrupt', `the pack ${pack} is damaged: ${what}`, {
    data: { pack },
  });
}
