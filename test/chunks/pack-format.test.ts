import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodePackIndex,
  encodePackHeader,
  encodePackIndex,
  packFooterBytes,
  packHeaderBytes,
  type PackRecord,
  readPackFooter,
} from '../../src/chunks/pack-format.ts';
import { readPackIndex } from '../../src/chunks/read-pack-index.ts';
import { digestOf } from '../../src/digest/digest.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import { packKey } from '../../src/store/store-paths.ts';
import { failureOf } from '../support/failures.ts';

const name = digestOf(Buffer.from('a pack'));

function decode(bytes: Buffer): PackRecord[] {
  const { indexBytes, indexDigest } = readPackFooter(bytes.subarray(-packFooterBytes), name);
  const recordsEnd = bytes.length - packFooterBytes - indexBytes;
  const index = bytes.subarray(recordsEnd, -packFooterBytes);
  return decodePackIndex(index, { name, indexDigest, recordsEnd });
}

function packOf(blobs: readonly Buffer[]): { bytes: Buffer; records: PackRecord[] } {
  let offset = packHeaderBytes;
  const records = blobs.map((blob): PackRecord => {
    const record = { digest: digestOf(blob), offset, codec: 'raw' as const };
    offset += blob.length;
    return { ...record, storedBytes: blob.length, plainBytes: blob.length };
  });
  return {
    bytes: Buffer.concat([encodePackHeader(), ...blobs, encodePackIndex(records)]),
    records,
  };
}

describe('the format of packs', () => {
  it('is what it was: a golden pack', () => {
    const { bytes } = packOf([Buffer.from('one'), Buffer.from('two!')]);
    expect(bytes.toString('hex')).toBe(
      [
        // header
        '4153484c4152504b0100000000000000',
        // records
        '6f6e65',
        '74776f21',
        // index: digest, offset, stored bytes, plain bytes, codec
        'd33fb48ab5adff269ae172b29a6913ff04f6f266207a7a8e976f2ecd571d4492',
        '10000000030000000300000000000000',
        '1841a335f6dd0be6a4b4b6917314217a09f1238c9e6c66bacaed2b5a70e4c1eb',
        '13000000040000000400000000000000',
        // footer
        '2c6102cd2eae60d0afbf8b1cf478c76b7db921027f1b4e7ed25f1d0404ff886d',
        '02000000600000004153484c4152504b',
      ].join(''),
    );
  });

  it('gives back every list of records', () => {
    const blob = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.array(blob, { maxLength: 20 }), (blobs) => {
        const { bytes, records } = packOf(blobs);
        expect(decode(bytes)).toEqual(records);
      }),
    );
  });

  it('notices each flipped bit of index and footer, and each cut', () => {
    const { bytes, records } = packOf([randomBytes(30), randomBytes(50)]);
    const start = packHeaderBytes + 80;
    for (let at = start; at < bytes.length; at += 1) {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (at % 8)), at);
      let outcome: unknown;
      try {
        outcome = decode(flipped);
      } catch (error) {
        expect(error).toMatchObject({ code: 'pack_corrupt' });
        continue;
      }
      expect(outcome, `bit ${at % 8} of byte ${at}`).toEqual(records);
    }
  });
});

describe('the index of a stored pack', () => {
  async function storeOf(bytes: Buffer) {
    const store = createMemoryObjectStore();
    await store.put(packKey(name), bytes);
    return store;
  }

  it.each([0, 1, 1300, 3000])('is read from the end of the object: %i records', async (count) => {
    const blobs = Array.from({ length: count }, (_, index) => Buffer.from(`blob ${index}`));
    const { bytes, records } = packOf(blobs);
    expect(await readPackIndex(await storeOf(bytes), name, bytes.length)).toEqual(records);
  });

  it.each([0, 1, packHeaderBytes + packFooterBytes - 1, 200])(
    'is pack_corrupt in an object of %i random bytes',
    async (size) => {
      const store = await storeOf(randomBytes(size));
      expect((await failureOf(readPackIndex(store, name, size))).code).toBe('pack_corrupt');
    },
  );

  it('is pack_corrupt when the footer counts more records than the object holds', async () => {
    const { bytes } = packOf([Buffer.from('x')]);
    bytes.writeUInt32LE(100_000, bytes.length - 16);
    bytes.writeUInt32LE(100_000 * 48, bytes.length - 12);
    const store = await storeOf(bytes);
    expect((await failureOf(readPackIndex(store, name, bytes.length))).code).toBe('pack_corrupt');
  });
});
