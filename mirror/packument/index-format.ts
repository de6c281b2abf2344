import { crc32 } from 'node:zlib';
import { AshlarError, createByteReader, createByteWriter } from '../../src/index.ts';
import type { PackumentIndex } from './packument-index.ts';
import { readIndexBody } from './read-index-body.ts';
import { writeIndexBody } from './write-index-body.ts';

const magic = Buffer.from('AshPkIdx', 'latin1');
const formatVersion = 1;
const headBytes = magic.length + 1;
const checksumBytes = 4;

/**
 * The stored form of an index, about 110 bytes a version (84 of them its digests):
 *
 *     "AshPkIdx"   format version (1 byte)   body   CRC-32 of all before (4 bytes, big endian)
 *
 * `writeIndexBody` draws the body.
 */
export function encodeIndex(index: PackumentIndex): Buffer {
  const writer = createByteWriter();
  writer.bytes(magic);
  writer.bytes(Buffer.of(formatVersion));
  writeIndexBody(writer, index);
  const body = writer.finish();
  const checksum = Buffer.alloc(checksumBytes);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([body, checksum]);
}

/**
 * Reads what `encodeIndex` wrote. Throws `packument_index_corrupt` for anything else, also for another format version: wherever
 * an index is, the packument is at hand, so scan that again.
 */
export function decodeIndex(bytes: Buffer): PackumentIndex {
  if (bytes.length < headBytes + checksumBytes) throw corrupt('ends too early');
  const body = bytes.subarray(0, bytes.length - checksumBytes);
  if (!body.subarray(0, magic.length).equals(magic)) throw corrupt('does not begin as one');
  if (body[magic.length] !== formatVersion) throw corrupt('has another format version');
  if (crc32(body) !== bytes.readUInt32BE(body.length)) throw corrupt('does not match its checksum');
  const reader = createByteReader(body.subarray(headBytes));
  try {
    const index = readIndexBody(reader);
    if (reader.remaining > 0) throw new RangeError(`goes on for ${reader.remaining} bytes`);
    return index;
  } catch (error) {
    if (error instanceof RangeError) throw corrupt(error.message, error);
    throw error;
  }
}

function corrupt(what: string, cause?: RangeError): AshlarError {
  return new AshlarError('packument_index_corrupt', `the stored index of a packument ${what}`, {
    cause,
  });
}
