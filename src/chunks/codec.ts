import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import { AshlarError } from '../errors/ashlar-error.ts';
import type { Codec } from './pack-format.ts';

const compressAsync = promisify(zstdCompress);
const decompressAsync = promisify(zstdDecompress);
const compressOptions = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** Compresses on the thread pool; gives the plain bytes back as `raw` where zstd does not save a sixteenth. */
export async function encodeStored(plain: Buffer): Promise<{ stored: Buffer; codec: Codec }> {
  const stored = await compressAsync(plain, compressOptions);
  return stored.length < plain.length - plain.length / 16
    ? { stored, codec: 'zstd' }
    : { stored: plain, codec: 'raw' };
}

/** The plain bytes, of exactly `plainBytes`; throws `chunk_corrupt` when the stored ones do not decode to that. */
export async function decodeStored(
  stored: Buffer,
  codec: Codec,
  plainBytes: number,
): Promise<Buffer> {
  if (codec === 'raw') return checkedLength(stored, plainBytes);
  try {
    return checkedLength(
      await decompressAsync(stored, { maxOutputLength: plainBytes }),
      plainBytes,
    );
  } catch (error) {
    throw asCorrupt(error);
  }
}

/** As `decodeStored`, on this thread: quicker for one blob. */
export function decodeStoredSync(stored: Buffer, codec: Codec, plainBytes: number): Buffer {
  if (codec === 'raw') return checkedLength(stored, plainBytes);
  try {
    return checkedLength(zstdDecompressSync(stored, { maxOutputLength: plainBytes }), plainBytes);
  } catch (error) {
    throw asCorrupt(error);
  }
}

function checkedLength(plain: Buffer, plainBytes: number): Buffer {
  if (plain.length === plainBytes) return plain;
  throw new AshlarError(
    'chunk_corrupt',
    `decoded to ${plain.length} bytes in place of ${plainBytes}`,
  );
}

function asCorrupt(error: unknown): AshlarError {
  if (error instanceof AshlarError) return error;
  return new AshlarError('chunk_corrupt', 'the stored bytes are not valid zstd', { cause: error });
}
