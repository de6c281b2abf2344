import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOciDigest, ociDigestOf, parseOciDigest } from '../../src/oci/oci-digest.ts';
import { verifyingStream } from '../../src/oci/verifying-stream.ts';
import { drain, inPieces, noise } from './support/byte-streams.ts';

const fail = (problem: string): Error => new Error(`the stream ${problem}`);

describe('verifyingStream', () => {
  it('passes bytes through when length and digest are right, however they are cut', async () => {
    const whole = fc.uint8Array({ maxLength: 300 });
    const algorithm = fc.constantFrom('sha256' as const, 'sha512' as const);
    await fc.assert(
      fc.asyncProperty(
        whole,
        fc.integer({ min: 1, max: 50 }),
        algorithm,
        async (raw, piece, name) => {
          const bytes = Buffer.from(raw);
          const expected = { digest: ociDigestOf(bytes, name), sizeBytes: bytes.length, fail };
          const result = await drain(verifyingStream(inPieces(bytes, piece), expected));
          expect(result).toEqual({ bytes, error: null });
        },
      ),
    );
  });

  it('never ends cleanly when one bit differs', async () => {
    const bytes = noise(5000);
    const digest = ociDigestOf(bytes);
    const wrong = Buffer.from(bytes);
    wrong[4999] = (wrong[4999] ?? 0) ^ 1;
    const expected = { digest, sizeBytes: 5000, fail };
    const { bytes: seen, error } = await drain(verifyingStream(inPieces(wrong, 999), expected));
    expect(seen).toHaveLength(5000);
    expect(error?.message).toContain(`has the digest ${ociDigestOf(wrong)} instead of ${digest}`);
  });

  it('throws before it hands on a byte too many', async () => {
    const bytes = noise(5000);
    const expected = { digest: ociDigestOf(bytes), sizeBytes: 4000, fail };
    const { bytes: seen, error } = await drain(verifyingStream(inPieces(bytes, 1500), expected));
    expect(seen).toHaveLength(3000);
    expect(error?.message).toContain('more than the 4000 bytes announced');
  });

  it('throws at an early end', async () => {
    const bytes = noise(5000);
    const expected = { digest: ociDigestOf(bytes), sizeBytes: 5000, fail };
    const { error } = await drain(
      verifyingStream(inPieces(bytes.subarray(0, 4999), 999), expected),
    );
    expect(error?.message).toContain('ends after 4999 of the 5000 bytes announced');
  });

  it('closes the source when the reader leaves', async () => {
    let isClosed = false;
    async function* source(): AsyncGenerator<Buffer, void, undefined> {
      try {
        for (;;) yield noise(10);
      } finally {
        isClosed = true;
      }
    }
    for await (const chunk of verifyingStream(source(), { digest: null, sizeBytes: null, fail })) {
      expect(chunk).toHaveLength(10);
      break;
    }
    expect(isClosed).toBe(true);
  });
});

describe('digests', () => {
  it('take sha256 and sha512 in lower case, nothing else', () => {
    expect(ociDigestOf(Buffer.from(''))).toBe(
      'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    expect(isOciDigest(ociDigestOf(Buffer.from('x'), 'sha512'))).toBe(true);
    expect(isOciDigest(`sha256:${'a'.repeat(63)}/`)).toBe(false);
    expect(isOciDigest(`sha256:${'a'.repeat(64)}\n`)).toBe(false);
    expect(() => parseOciDigest('sha256:../../etc/passwd')).toThrow(/lower-case hex/);
  });
});
