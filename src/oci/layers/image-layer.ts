import type { ImageLayer } from '../image-source.ts';
import { corruptFailure, type Origin } from '../origin.ts';
import { verifyingStream } from '../verifying-stream.ts';
import { decompress, type DecodableCompression } from './decompress.ts';

export interface LayerParts extends Omit<ImageLayer, 'open'> {
  /** For messages: `layer 2 of 5`. */
  readonly name: string;
  readonly origin: Origin;
  /** The bytes as kept. */
  readonly openKept: (signal: AbortSignal) => AsyncIterable<Buffer>;
}

/**
 * Makes a layer of the bytes that are kept: verified, decompressed, verified again. The compression is taken
 * from the first bytes rather than from the media type, as every other client does, since images with a wrong
 * type exist; the diffId proves the outcome. Layers of registries and layouts are none, gzip or zstd; where nothing
 * says what to expect, xz is accepted too.
 */
export function createImageLayer(parts: LayerParts): ImageLayer {
  const { name, origin, openKept, ...facts } = parts;
  const { digest, diffId, sizeBytes, compression } = facts;
  const named = digest === null ? name : `${name} (${digest})`;
  const fail = (problem: string): Error =>
    corruptFailure(origin, `${named} ${problem}`, {
      data: { layer: named, ...(digest === null ? {} : { digest }) },
    });
  // Equal digests promise that the kept bytes are the tar itself: hashing once is then enough.
  const isKeptPlain = digest !== null && digest === diffId;

  return {
    ...facts,
    open: (signal) =>
      abortedOnReturn(signal, (whole) => {
        const kept = verifyingStream(openKept(whole), { digest, sizeBytes, fail });
        const plain = decompress(kept, {
          allowed: isKeptPlain ? ['none'] : allowedFor[compression],
          fail,
          signal: whole,
        });
        if (diffId === null || isKeptPlain) return plain;
        return verifyingStream(plain, {
          digest: diffId,
          sizeBytes: null,
          fail: (problem) => fail(`${problem} once uncompressed`),
        });
      }),
  };
}

const allowedFor = {
  none: ['none', 'gzip', 'zstd'],
  gzip: ['none', 'gzip', 'zstd'],
  zstd: ['none', 'gzip', 'zstd'],
  detect: ['none', 'gzip', 'zstd', 'xz'],
} as const satisfies Record<ImageLayer['compression'], readonly DecodableCompression[]>;

/**
 * Lets a reader that stops early abort the read that is pending behind the decompression. Without that, the
 * read would keep its connection until the registry sends something, or until the idle timeout.
 */
function abortedOnReturn(
  signal: AbortSignal | undefined,
  start: (whole: AbortSignal) => AsyncGenerator<Buffer, void, undefined>,
): AsyncIterable<Buffer> {
  return {
    [Symbol.asyncIterator]() {
      const leaving = new AbortController();
      const signals = signal === undefined ? [leaving.signal] : [signal, leaving.signal];
      const stream = start(AbortSignal.any(signals));
      return {
        next: () => stream.next(),
        async return() {
          leaving.abort();
          return stream.return();
        },
      };
    },
  };
}
