import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDigestHasher } from '../../src/digest/digest-hasher.ts';
import {
  digestBytes,
  digestFromBytes,
  digestHex,
  digestOf,
  isDigest,
  parseDigest,
} from '../../src/digest/digest.ts';

/** The input of the official vectors of BLAKE3: 0 to 250, again and again. */
const vectorInput = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, index) => index % 251));

describe('a digest', () => {
  it.for([
    [0, 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'],
    [1, '2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213'],
    [1024, '42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7'],
  ] as const)('is BLAKE3, as its test vectors have it: %i bytes', ([length, hex]) => {
    expect(digestHex(digestOf(vectorInput(length)))).toBe(hex);
  });

  it('is the same of bytes that come in pieces', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 3000, size: 'max' }), { maxLength: 6 });
    fc.assert(
      fc.property(pieces, (list) => {
        const hasher = createDigestHasher();
        for (const piece of list) hasher.update(piece);
        expect(hasher.digest()).toBe(digestOf(Buffer.concat(list)));
      }),
    );
  });

  it('is read from what it was written as, wherever that stands', () => {
    const digest = digestOf(Buffer.from('x'));
    expect(parseDigest(digest)).toBe(digest);
    const bytes = Buffer.concat([Buffer.alloc(5, 9), digestBytes(digest), Buffer.alloc(5, 9)]);
    expect(digestFromBytes(bytes, 5)).toBe(digest);
  });

  it.for([
    '',
    'blake3:',
    'af'.repeat(32),
    `blake3:${'AF'.repeat(32)}`,
    `blake3:${'a'.repeat(63)}`,
    `blake3:${'a'.repeat(64)}\n`,
    `sha256:${'a'.repeat(64)}`,
  ])('is not %j', (text) => {
    expect(isDigest(text)).toBe(false);
    expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});
