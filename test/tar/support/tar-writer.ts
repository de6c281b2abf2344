import { AshlarError } from '../../../src/errors/ashlar-error.ts';
import { toDisplay } from '../../../src/bytes/byte-path.ts';
import {
  blockBytes,
  paddingOf,
  type TarEntry,
  type TarSegment,
} from '../../../src/tar/tar-entry.ts';
import { encodeEntryHeader } from './write-header.ts';

export interface TarRecord {
  readonly entry: TarEntry;
  /** Content of a file: whole, or in order with holes. Left out where `entry.sizeBytes` is 0. */
  readonly body?: Buffer | AsyncIterable<TarSegment>;
}

/**
 * Writes a PAX archive (POSIX.1-2017, pax). The same records give the same bytes: no clock, no user names, and an
 * extended header only where ustar cannot say it (long or non-ASCII names, large or negative numbers, fractions
 * of seconds, extended attributes). Names and attributes are written as the bytes they are. Holes are written out
 * as zeros. Ends with two zero blocks, without padding to a larger record.
 *
 * Throws `internal` for a record that no archive can hold (a NUL in a name, a body that is not `sizeBytes` long), and
 * whatever a body throws.
 */
export async function* writeTar(
  records: Iterable<TarRecord> | AsyncIterable<TarRecord>,
): AsyncGenerator<Buffer, void> {
  for await (const { entry, body } of records) {
    yield encodeEntryHeader(entry);
    if (body === undefined) checkWritten(entry, 0);
    else if (Buffer.isBuffer(body)) {
      checkWritten(entry, body.length);
      yield body;
    } else yield* flattened(entry, body);
    if (entry.sizeBytes % blockBytes > 0) yield zeros.subarray(0, paddingOf(entry.sizeBytes));
  }
  yield zeros.subarray(0, 2 * blockBytes);
}

const zeros = Buffer.alloc(64 * 1024);

/** The segments with zeros between them and behind them. */
async function* flattened(
  entry: TarEntry,
  segments: AsyncIterable<TarSegment>,
): AsyncGenerator<Buffer, void> {
  let at = 0;
  for await (const { offset, bytes } of segments) {
    if (offset < at || offset + bytes.length > entry.sizeBytes) {
      throw unwritable(entry, `its body has a segment at ${offset} after ${at}`);
    }
    yield* zerosOf(offset - at);
    yield bytes;
    at = offset + bytes.length;
  }
  yield* zerosOf(entry.sizeBytes - at);
}

function* zerosOf(sizeBytes: number): Generator<Buffer, void> {
  for (let left = sizeBytes; left > 0; left -= zeros.length) yield zeros.subarray(0, left);
}

function checkWritten(entry: TarEntry, bodyBytes: number): void {
  if (bodyBytes === entry.sizeBytes) return;
  throw unwritable(entry, `its body has ${bodyBytes} bytes instead of ${entry.sizeBytes}`);
}

function unwritable(entry: TarEntry, reason: string): AshlarError {
  return new AshlarError('internal', `cannot archive ${toDisplay(entry.path)}: ${reason}`);
}
