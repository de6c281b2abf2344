import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { codecs, type PackLocation } from '../chunks/pack-format.ts';
import { chunkBytes } from '../tree/inode.ts';

/** Records of chunks as a placement has them: 8 bytes each, which name packs of a table. */
export interface StoredRecords {
  readonly records: Buffer;
  readonly packs: readonly Digest[];
}

export const chunkRecordBytes = 8;

const offsetBits = 26;
const packBits = 20;
const lowPackBits = 32 - offsetBits;
const highPackBits = packBits - lowPackBits;
const codecBits = 2;

/** Throws `image_too_large` for a pack of a number over a million. */
export function writeChunkRecord(
  target: Buffer,
  at: number,
  { location, pack }: { readonly location: PackLocation; readonly pack: number },
): void {
  const { offset, storedBytes } = location;
  if (offset >= 2 ** offsetBits || storedBytes < 1 || storedBytes > chunkBytes)
    throw new AshlarError('internal', `no place of a chunk: ${storedBytes} bytes at ${offset}`);
  checkPack(pack);
  const codec = codecs.indexOf(location.codec);
  const high = (pack >>> lowPackBits) | (codec << highPackBits);
  target.writeUInt32LE(((pack << offsetBits) | offset) >>> 0, at);
  target.writeUInt32LE((((storedBytes - 1) << (highPackBits + codecBits)) | high) >>> 0, at + 4);
}

/** Null for a record that names no pack or codec. */
export function readChunkRecord(
  source: Buffer,
  at: number,
  packs: readonly Digest[],
): PackLocation | null {
  const low = source.readUInt32LE(at);
  const high = source.readUInt32LE(at + 4);
  const pack = packs[packNumberOf(low, high)];
  const codec = codecs[(high >>> highPackBits) & (2 ** codecBits - 1)];
  if (pack === undefined || codec === undefined) return null;
  return {
    pack,
    offset: low & (2 ** offsetBits - 1),
    storedBytes: (high >>> (highPackBits + codecBits)) + 1,
    plainBytes: chunkBytes,
    codec,
  };
}

/** Copies records, with other numbers for their packs; false when one names a pack that is not in the table. */
export function copyChunkRecords(
  target: Buffer,
  start: number,
  { records, numberOf }: { readonly records: Buffer; numberOf(pack: number): number | undefined },
): boolean {
  for (let from = 0; from < records.length; from += chunkRecordBytes) {
    const low = records.readUInt32LE(from);
    const high = records.readUInt32LE(from + 4);
    const pack = numberOf(packNumberOf(low, high));
    if (pack === undefined) return false;
    checkPack(pack);
    const offset = low & (2 ** offsetBits - 1);
    target.writeUInt32LE(((pack << offsetBits) | offset) >>> 0, start + from);
    const rest = (high >>> highPackBits) << highPackBits;
    target.writeUInt32LE((rest | (pack >>> lowPackBits)) >>> 0, start + from + 4);
  }
  return true;
}

function packNumberOf(low: number, high: number): number {
  return (low >>> offsetBits) | ((high & (2 ** highPackBits - 1)) << lowPackBits);
}

function checkPack(pack: number): void {
  if (pack < 2 ** packBits) return;
  throw new AshlarError('image_too_large', `an image in more than ${2 ** packBits} packs`, {
    hint: 'Run `ashlar store gc` to have packs rewritten, or ask for a smaller image.',
  });
}
