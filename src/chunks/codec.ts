import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompressSync } from 'node:zlib';
import { AshlarError } from '../errors/ashlar-error.ts';
import { type Codec, maxPlainBytes } from './pack-format.ts';

const compressAsync = promisify(zstdCompress);

/** `fast` for contents; `thorough` takes ten times as long, for metadata, of which there is little and which repeats itself. */
export type Effort = 'fast' | 'thorough';

const compressionLevels = {
  fast: { [constants.ZSTD_c_compressionLevel]: 1 },
  thorough: { [constants.ZSTD_c_compressionLevel]: 9 },
} as const;

/** Compresses on the thread pool; gives the plain bytes back as `raw` where zstd does not save a sixteenth. */
export async function encodeStored(
  plain: Buffer,
  effort: Effort = 'fast',
): Promise<{ stored: Buffer; codec: Codec }> {
  // Told the size, zstd makes tables for a chunk and not for megabytes: a third less work.
  const size = { pledgedSrcSize: plain.length, chunkSize: plain.length + 1024 };
  const stored = await compressAsync(plain, { params: compressionLevels[effort], ...size });
  return stored.length < plain.length - plain.length / 16
    ? { stored, codec: 'zstd' }
    : { stored: plain, codec: 'raw' };
}

/**
 * The plain bytes, of exactly `plainBytes`; throws `chunk_corrupt` when the stored ones do not decode to that. Works on
 * this thread: a chunk of 64 KiB takes 40 us, the way through the thread pool as much again.
 */
export function decodeStored(stored: Buffer, codec: Codec, plainBytes: number): Buffer {
  if (codec === 'raw') return checkedLength(stored, plainBytes);
  if (plainBytes > maxPlainBytes)
    throw new AshlarError('chunk_corrupt', `it is said to have ${plainBytes} bytes`);
  try {
    // A little more room than needed, or the decoder comes back for a second, empty piece.
    const chunkSize = plainBytes + 64;
    const plain = zstdDecompressSync(stored, { maxOutputLength: plainBytes, chunkSize });
    return checkedLength(plain, plainBytes);
  } catch (error) {
    if (error instanceof AshlarError) throw error;
    throw new AshlarError('chunk_corrupt', 'the stored bytes are not valid zstd', { cause: error });
  }
}

function checkedLength(plain: Buffer, plainBytes: number): Buffer {
  if (plain.length === plainBytes) return plain;
  throw new AshlarError(
    'chunk_corrupt',
    `decoded to ${plain.length} bytes in place of ${plainBytes}`,
  );
}
