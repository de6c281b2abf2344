import { asBuffer } from '../bytes/as-buffer.ts';
import { hostileTar, type TarPlace } from './tar-place.ts';

/**
 * Bytes of an archive as they come, handed out without waiting as long as they are here. Each of
 * `take`, `takeSome` and `skip` gives what it can; when that is too little, `await fill()` and ask again
 * (`take` with the same size).
 */
export interface ByteSource {
  /** Bytes handed out or skipped so far, those of an unfinished `take` included. */
  offsetBytes(): number;
  /** True once `fill` met the end of the source. */
  ended(): boolean;
  /**
   * Exactly `sizeBytes`, or undefined when they are not all here yet. A view of the source's buffer
   * where one buffer holds them all, else a copy.
   */
  take(sizeBytes: number): Buffer | undefined;
  /** Bytes that an unfinished `take` holds. */
  gatheredBytes(): number;
  /** A view of 0 to `maxBytes`; empty only when nothing is here. */
  takeSome(maxBytes: number): Buffer;
  /** Drops up to `sizeBytes` and returns how many are still to be dropped. */
  skip(sizeBytes: number): number;
  /** Waits for the source's next buffer. To be called only when all that was here is taken. */
  fill(): Promise<void>;
  /** Tells the source that no more is wanted. */
  close(): Promise<void>;
}

const nothing: Buffer = Buffer.alloc(0);

/**
 * `fill` throws what `chunks` throws, and `layer_hostile` when more than `maxTotalBytes` have come. Buffers
 * of the source are not copied and must not be reused by it.
 */
export function createByteSource(
  chunks: AsyncIterable<Uint8Array>,
  place: TarPlace,
  maxTotalBytes: number,
): ByteSource {
  const iterator = chunks[Symbol.asyncIterator]();
  let chunk: Buffer = nothing;
  let at = 0;
  let receivedBytes = 0;
  let ended = false;
  let gathering: Buffer | undefined;
  let gathered = 0;

  const gather = (sizeBytes: number): Buffer | undefined => {
    gathering ??= Buffer.allocUnsafeSlow(sizeBytes);
    const copied = chunk.copy(gathering, gathered, at);
    at += copied;
    gathered += copied;
    if (gathered < sizeBytes) return undefined;
    const bytes = gathering;
    gathering = undefined;
    gathered = 0;
    return bytes;
  };

  return {
    offsetBytes: () => receivedBytes - chunk.length + at,
    ended: () => ended,
    gatheredBytes: () => gathered,
    take(sizeBytes) {
      if (gathering !== undefined || at + sizeBytes > chunk.length) return gather(sizeBytes);
      at += sizeBytes;
      return chunk.subarray(at - sizeBytes, at);
    },
    takeSome(maxBytes) {
      const start = at;
      at = Math.min(at + maxBytes, chunk.length);
      return chunk.subarray(start, at);
    },
    skip(sizeBytes) {
      const skipped = Math.min(sizeBytes, chunk.length - at);
      at += skipped;
      return sizeBytes - skipped;
    },
    async fill() {
      const next = await iterator.next();
      if (next.done === true) {
        ended = true;
        return;
      }
      chunk = asBuffer(next.value);
      at = 0;
      receivedBytes += chunk.length;
      if (receivedBytes > maxTotalBytes) {
        throw hostileTar(place, `the archive is longer than the limit of ${maxTotalBytes} bytes`);
      }
    },
    async close() {
      await iterator.return?.();
    },
  };
}
