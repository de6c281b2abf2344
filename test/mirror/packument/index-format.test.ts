import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeIndex, encodeIndex } from '../../../mirror/packument/index-format.ts';
import { hasCode } from '../../../src/errors/has-code.ts';
import { packageName, packumentTexts } from './support/packument-texts.ts';
import { registryPackument } from './support/registry-packument.ts';
import { scan } from './support/scan.ts';

const sample = encodeIndex(
  scan(registryPackument({ name: 'name', versions: 3 }), { name: 'name' }),
);

function resealed(bytes: Buffer): Buffer {
  const sealed = Buffer.from(bytes);
  sealed.writeUInt32BE(crc32(sealed.subarray(0, -4)), sealed.length - 4);
  return sealed;
}

function outcomeOf(bytes: Buffer): string {
  try {
    decodeIndex(bytes);
    return 'decoded';
  } catch (error) {
    if (hasCode(error, 'packument_index_corrupt')) return 'corrupt';
    throw error;
  }
}

describe('a stored index', () => {
  it('gives back the index', () => {
    fc.assert(
      fc.property(packumentTexts, (json) => {
        const index = scan(json, { name: packageName });
        expect(decodeIndex(encodeIndex(index))).toEqual(index);
      }),
      { numRuns: 700 },
    );
  });

  it('keeps its bytes', () => {
    expect(sample.subarray(0, 9).toString('latin1')).toBe('AshPkIdx\u0001');
    expect(sample.toString('hex').slice(18, 120)).toMatchInlineSnapshot(
      `"046e616d65b80e0118323032342d30312d30315430333a30303a30302e3030305a2668747470733a2f2f72656769737472792e"`,
    );
    expect(sample.length).toMatchInlineSnapshot(`482`);
  });

  it('takes about 110 bytes a version', () => {
    const json = registryPackument({ name: 'name', versions: 2000 });
    const bytes = encodeIndex(scan(json, { name: 'name' }));
    expect(bytes.length / 2000).toBeLessThan(125);
  });

  it('is refused when a byte changed, or the end is missing, or something follows', () => {
    for (let at = 0; at < sample.length; at += 1) {
      const damaged = Buffer.from(sample);
      damaged[at] = (damaged[at] ?? 0) ^ 0x21;
      expect(outcomeOf(damaged)).toBe('corrupt');
      expect(outcomeOf(sample.subarray(0, at))).toBe('corrupt');
    }
    expect(outcomeOf(Buffer.concat([sample, Buffer.of(0)]))).toBe('corrupt');
    expect(outcomeOf(resealed(Buffer.concat([sample, Buffer.of(0)])))).toBe('corrupt');
  });

  it('is refused when another version of the format wrote it', () => {
    const newer = Buffer.from(sample);
    newer[8] = 2;
    expect(outcomeOf(resealed(newer))).toBe('corrupt');
  });

  it('is decoded or refused, and nothing else, when damage has a right checksum', () => {
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(
        fc.integer({ min: 9, max: sample.length - 5 }),
        fc.uint8Array({ minLength: 1, maxLength: 9 }),
        (at, noise) => {
          const damaged = Buffer.from(sample);
          damaged.set(noise.subarray(0, sample.length - 4 - at), at);
          outcomes.add(outcomeOf(resealed(damaged)));
        },
      ),
      { numRuns: 2000 },
    );
    expect([...outcomes].sort()).toEqual(['corrupt', 'decoded']);
  });
});
