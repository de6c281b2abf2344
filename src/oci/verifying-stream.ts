import { createHash } from 'node:crypto';
import { digestAlgorithm, type OciDigest } from './oci-digest.ts';

/** What a stream of bytes must turn out to be. */
export interface ExpectedBytes {
  /** Null where nobody said. */
  readonly digest: OciDigest | null;
  /** Null where nobody said. */
  readonly sizeBytes: number | null;
  /** Makes the failure from a phrase that follows the name of the stream ("has 3 bytes ..."). */
  readonly fail: (problem: string) => Error;
}

/** A running comparison of bytes with what is expected of them. */
export interface ByteCheck {
  readonly seenBytes: number;
  /** Takes the next bytes; throws when there are more than expected. */
  update(chunk: Uint8Array): void;
  /** To be called once at the end; throws when length or digest are not as expected. */
  finish(): void;
}

/**
 * Passes bytes through and compares them with what is expected. It never ends cleanly on a mismatch:
 * too many bytes throw before the surplus is handed on, a wrong length or digest throws where the end
 * would be. The bytes handed on before that are unproven: use them for good only after the end.
 */
export async function* verifyingStream(
  source: AsyncIterable<Buffer>,
  expected: ExpectedBytes,
): AsyncGenerator<Buffer, void, undefined> {
  const check = createByteCheck(expected);
  for await (const chunk of source) {
    check.update(chunk);
    yield chunk;
  }
  check.finish();
}

export function createByteCheck(expected: ExpectedBytes): ByteCheck {
  const { digest, sizeBytes, fail } = expected;
  const algorithm = digest === null ? null : digestAlgorithm(digest);
  const hash = algorithm === null ? null : createHash(algorithm);
  let seenBytes = 0;
  return {
    get seenBytes() {
      return seenBytes;
    },
    update(chunk) {
      seenBytes += chunk.length;
      if (sizeBytes !== null && seenBytes > sizeBytes) {
        throw fail(`has more than the ${sizeBytes} bytes announced`);
      }
      hash?.update(chunk);
    },
    finish() {
      if (sizeBytes !== null && seenBytes !== sizeBytes) {
        throw fail(`ends after ${seenBytes} of the ${sizeBytes} bytes announced`);
      }
      if (hash === null) return;
      const found = `${algorithm}:${hash.digest('hex')}`;
      if (found !== digest) throw fail(`has the digest ${found} instead of ${digest}`);
    },
  };
}
