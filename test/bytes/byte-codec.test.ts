import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createByteReader } from '../../src/bytes/byte-reader.ts';
import { createByteWriter } from '../../src/bytes/byte-writer.ts';

const written = (write: (writer: ReturnType<typeof createByteWriter>) => void): Buffer => {
  const writer = createByteWriter();
  write(writer);
  return writer.finish();
};

/** Reads to the end; gives the class of what is thrown on the way. */
function readAll(bytes: Buffer): unknown {
  const reader = createByteReader(bytes);
  try {
    while (reader.remaining > 0) {
      reader.varint();
      reader.text();
      reader.signedVarint();
      reader.blob();
    }
    return null;
  } catch (error) {
    return error instanceof Error ? error.constructor : error;
  }
}

const numbers = fc.oneof(
  fc.nat(300),
  fc.maxSafeNat(),
  fc.integer({ min: 0, max: 53 }).map((power) => 2 ** power - 1),
);

describe('binary documents', () => {
  it('give back what was written', () => {
    const signed = fc.oneof(fc.integer(), fc.integer({ min: -(2 ** 52), max: 2 ** 52 - 1 }));
    const latin1 = fc
      .uint8Array({ maxLength: 300 })
      .map((bytes) => Buffer.from(bytes).toString('latin1'));
    const parts = fc.tuple(
      numbers,
      signed,
      latin1,
      fc.uint8Array({ maxLength: 40_000, size: 'max' }),
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 5 }), (list) => {
        const bytes = written((writer) => {
          for (const [number, signedNumber, text, blob] of list) {
            writer.varint(number);
            writer.signedVarint(signedNumber);
            writer.text(text);
            writer.blob(blob);
            writer.bytes(blob.subarray(0, 7));
          }
        });
        const reader = createByteReader(bytes);
        for (const [number, signedNumber, text, blob] of list) {
          expect(reader.varint()).toBe(number);
          expect(reader.signedVarint()).toBe(signedNumber);
          expect(reader.text()).toBe(text);
          expect(reader.blob().equals(Buffer.from(blob))).toBe(true);
          expect(reader.bytes(Math.min(7, blob.length)).length).toBe(Math.min(7, blob.length));
        }
        expect(reader.remaining).toBe(0);
      }),
    );
  });

  it.for([
    [0, '00'],
    [127, '7f'],
    [128, '8001'],
    [300, 'ac02'],
    [2 ** 32, '8080808010'],
    [Number.MAX_SAFE_INTEGER, 'ffffffffffffff0f'],
  ] as const)('write %d as LEB128', ([value, hex]) => {
    expect(written((writer) => writer.varint(value)).toString('hex')).toBe(hex);
  });

  it.for([
    [0, '00'],
    [-1, '01'],
    [1, '02'],
    [-64, '7f'],
    [64, '8001'],
  ] as const)('write %d in zigzag', ([value, hex]) => {
    expect(written((writer) => writer.signedVarint(value)).toString('hex')).toBe(hex);
  });

  it.for([-1, 0.5, 2 ** 53, NaN, Infinity])('take no %d', (value) => {
    expect(() => written((writer) => writer.varint(value))).toThrow(RangeError);
  });

  it.for([2 ** 52, -(2 ** 52) - 1])('take no %d with a sign', (value) => {
    expect(() => written((writer) => writer.signedVarint(value))).toThrow(RangeError);
  });

  it.for([
    ['nothing', ''],
    ['a number that does not end', '8080'],
    ['a number over 2^53', 'ffffffffffffff1f'],
    ['a number of very many bytes', '80'.repeat(100)],
    ['a number padded beyond all measure', `${'80'.repeat(20)}00`],
  ] as const)('refuse %s', ([, hex]) => {
    expect(() => createByteReader(Buffer.from(hex, 'hex')).varint()).toThrow(RangeError);
  });

  it('refuse texts and blobs that go on behind the end', () => {
    const bytes = Buffer.from('0561626364', 'hex');
    expect(() => createByteReader(bytes).text()).toThrow(/ends 1 bytes too early/);
    expect(() => createByteReader(bytes).blob()).toThrow(/ends 1 bytes too early/);
    expect(() => createByteReader(bytes).bytes(6)).toThrow(RangeError);
  });

  it('either read any bytes or throw a RangeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect([null, RangeError]).toContain(readAll(Buffer.from(bytes)));
      }),
    );
  });
});
