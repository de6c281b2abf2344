import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c, crc32cOfUint32, crc32cOfZeros } from '../../src/ext4/crc32c.ts';

/** The checksum as iSCSI sends it: inverted before and after. */
const standard = (bytes: Uint8Array): number => ~crc32c(0xffffffff, bytes) >>> 0;

const counting = Uint8Array.from({ length: 32 }, (_, index) => index);
const scsiRead = Buffer.from(
  '01c0000000000000000000000000000014000000000004000000001400000018280000000000000002000000' +
    '00000000',
  'hex',
);

describe('CRC-32C', () => {
  it.for([
    ['32 bytes of zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['32 bytes that count up', counting, 0x46dd794e],
    ['32 bytes that count down', counting.toReversed(), 0x113fdb5c],
    ['an iSCSI read command', scsiRead, 0xd9963a56],
  ] as const)('gives the value of RFC 3720, B.4, for %s', ([, bytes, expected]) => {
    expect(standard(bytes)).toBe(expected);
  });

  it('gives the check value of the catalogue of CRCs', () => {
    expect(standard(Buffer.from('123456789'))).toBe(0xe3069283);
  });

  it('is the same in one piece, in two, and by bounds within a larger buffer', () => {
    const bytes = fc.uint8Array({ maxLength: 64 });
    fc.assert(
      fc.property(bytes, bytes, (left, right) => {
        const whole = crc32c(0xffffffff, Buffer.concat([left, right]));
        expect(crc32c(crc32c(0xffffffff, left), right)).toBe(whole);
        const framed = Buffer.concat([Buffer.from('xyz'), left, right, Buffer.from('!')]);
        expect(crc32c(0xffffffff, framed, 3, framed.length - 1)).toBe(whole);
      }),
    );
  });

  it('takes numbers as their four bytes, the lowest first', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), (seed, value) => {
        const bytes = Buffer.alloc(4);
        bytes.writeUInt32LE(value);
        expect(crc32cOfUint32(seed, value)).toBe(crc32c(seed, bytes));
      }),
    );
  });

  it('over zeros is the one over their bytes', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(9000), (seed, count) => {
        expect(crc32cOfZeros(seed, count)).toBe(crc32c(seed, Buffer.alloc(count)));
      }),
    );
  });
});
