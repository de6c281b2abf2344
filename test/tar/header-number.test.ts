import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AshlarError } from '../../src/errors/ashlar-error.ts';
import { headerNumber, headerNumberUpTo, type NumberField } from '../../src/tar/header-number.ts';

const place = { label: 'test.tar', offsetBytes: 0, path: undefined };

/** The number in a field of 8 or 12 bytes with other bytes around it. */
function read(field: string): number {
  const block = Buffer.from(`99${field}99`, 'latin1');
  return headerNumber(block, { name: 'size', start: 2, length: field.length }, place);
}

describe('numbers in headers', () => {
  it.for([
    ['0000644\0', 0o644],
    ['000644 \0', 0o644],
    ['   644 \0', 0o644],
    ['77777777', 0o77777777],
    ['777777777777', 8 ** 12 - 1],
    ['\0\0\0\0\0\0\0\0', 0],
    ['        ', 0],
    ['7\0\0\0\0\0\0\0', 7],
    ['\x80\0\0\0\0\0\x01\x00', 256],
    ['\xff\xff\xff\xff\xff\xff\xff\xff', -1],
    ['\xff\xff\xff\xff\xff\xff\xff\xfe', -2],
    ['\x80\0\0\0\0\x1f\xff\xff\xff\xff\xff\xff', Number.MAX_SAFE_INTEGER],
    ['\xff\xff\xff\xff\xff\xe0\0\0\0\0\0\x01', Number.MIN_SAFE_INTEGER],
  ] as const)('%j', ([field, value]) => {
    expect(read(field)).toBe(value);
  });

  it.for([
    ['0000648\0', 'not a number'],
    ['644x\0\0\0\0', 'not a number'],
    ['644\0 7 \0', 'not a number'],
    ['6 4 4  \0', 'not a number'],
    ['\x000000644', 'not a number'],
    ['-000644\0', 'not a number'],
    ['+000644\0', 'not a number'],
    ['0x1ff\0\0\0', 'not a number'],
    ['\x81\0\0\0\0\0\0\0', 'not a number'],
    ['\x80\0\0\0\0\x20\0\0\0\0\0\0', 'beyond 2^53-1'],
    ['\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff', 'beyond 2^53-1'],
    ['\xff\0\0\0\0\0\0\0\0\0\0\0', 'beyond 2^53-1'],
  ] as const)('refuses %j', ([field, message]) => {
    expect(() => read(field)).toThrow(AshlarError);
    expect(() => read(field)).toThrow(message);
  });

  it('agree with BigInt on every base-256 field', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n - 2n ** 53n, max: 2n ** 53n - 1n }), (value) => {
        const field = Buffer.alloc(12);
        const bits = BigInt.asUintN(96, value) | (1n << 95n);
        Buffer.from(bits.toString(16).padStart(24, '0'), 'hex').copy(field);
        expect(BigInt(read(field.toString('latin1')))).toBe(value);
      }),
    );
  });

  it('have a range', () => {
    const block = Buffer.from('\xff\xff\xff\xff\xff\xff\xff\xff0000012\0', 'latin1');
    const [first, second] = [0, 8].map((start) => ({ name: 'owner number', start, length: 8 })) as [
      NumberField,
      NumberField,
    ];
    expect(() => headerNumberUpTo(block, first, 10, place)).toThrow('negative: -1');
    expect(headerNumberUpTo(block, second, 10, place)).toBe(10);
    expect(() => headerNumberUpTo(block, second, 9, place)).toThrow('too large: 10');
  });
});
