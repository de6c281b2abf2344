import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AshlarError } from '../../src/errors/ashlar-error.ts';
import { withChecksum } from './support/hand-made.ts';
import { contentOf, type ReadMember, readArchive } from './support/read-archive.ts';
import { varied } from './support/varied.ts';

const limits = {
  maxEntries: 100,
  maxPaxBytes: 65_536,
  maxEntryBytes: 1_000_000,
  maxTotalBytes: 2_000_000,
  maxSparseSegments: 1000,
};

const blocks = varied.length / 512;
const block = fc.nat({ max: blocks - 1 });
/** Bytes that mean something somewhere in a header or in the records of one. */
const telling = fc.constantFrom(...Buffer.from('\0 0179xgLKSV125./\n=,\x80\xff', 'latin1'));

type Mutation = (bytes: Buffer) => Buffer;

const byteChanged: fc.Arbitrary<Mutation> = fc
  .tuple(block, fc.nat({ max: 511 }), fc.oneof(telling, fc.nat({ max: 255 })))
  .map(([index, offset, byte]) => (bytes) => {
    bytes[index * 512 + offset] = byte;
    return bytes;
  });
const blockReplaced: fc.Arbitrary<Mutation> = fc
  .tuple(block, block)
  .map(([from, to]) => (bytes) => {
    const other = bytes.subarray(from * 512, from * 512 + 512);
    return Buffer.concat([bytes.subarray(0, to * 512), other, bytes.subarray(to * 512 + 512)]);
  });
const blockDropped: fc.Arbitrary<Mutation> = block.map((index) => (bytes) => {
  return Buffer.concat([bytes.subarray(0, index * 512), bytes.subarray(index * 512 + 512)]);
});
const cutShort: fc.Arbitrary<Mutation> = fc
  .nat({ max: varied.length })
  .map((length) => (bytes) => bytes.subarray(0, length));

const mutations = fc.oneof(
  { arbitrary: byteChanged, weight: 6 },
  { arbitrary: blockReplaced, weight: 2 },
  { arbitrary: blockDropped, weight: 1 },
  { arbitrary: cutShort, weight: 1 },
);

/** Gives every block that looks like a header a right checksum, or nothing behind it would be reached. */
function mended(bytes: Buffer): Buffer {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    const candidate = bytes.subarray(at, at + 512);
    if (candidate.toString('latin1', 257, 262) === 'ustar') withChecksum(candidate);
  }
  return bytes;
}

/** The members, or the code of the failure. */
async function outcomeOf(bytes: Buffer): Promise<readonly ReadMember[] | string> {
  try {
    return await readArchive(bytes, { limits, cut: [700] });
  } catch (error) {
    if (error instanceof AshlarError) return error.code;
    throw error;
  }
}

function isSound({ entry, runs }: ReadMember): boolean {
  const names = entry.path.split('/');
  const dataBytes = runs.reduce((total, { bytes }) => total + bytes.length, 0);
  return (
    !/(^|\/)(\.{0,2})(\/|$)|\0/.test(entry.path || 'root') &&
    names.every((name) => name.length <= 255) &&
    entry.mode === (entry.mode & 0o7777) &&
    entry.uid >= 0 &&
    entry.gid >= 0 &&
    Number.isSafeInteger(entry.mtimeSec) &&
    entry.mtimeNsec >= 0 &&
    entry.mtimeNsec < 1_000_000_000 &&
    dataBytes <= entry.sizeBytes &&
    contentOf({ entry, runs }).length === entry.sizeBytes
  );
}

describe('a damaged archive', () => {
  it('is read soundly or refused by name, and never anything else', async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(mutations, { minLength: 1, maxLength: 4 }), async (mutations) => {
        const bytes = mutations.reduce<Buffer>(
          (bytes, mutate) => mutate(bytes),
          Buffer.from(varied),
        );
        const outcome = await outcomeOf(mended(Buffer.from(bytes)));
        const kind = typeof outcome === 'string' ? outcome : 'read';
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
        expect(typeof outcome === 'string' || outcome.every(isSound)).toBe(true);
        expect(['read', 'layer_invalid', 'layer_hostile']).toContain(kind);
      }),
      { numRuns: 4000 },
    );
    // A run in which one of these never happens has not tried what it should.
    expect([...seen.keys()].sort()).toEqual(['layer_hostile', 'layer_invalid', 'read']);
  });

  it('of random bytes is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 512, maxLength: 3000 }), async (bytes) => {
        const random = Buffer.from(bytes);
        random[0] = 1;
        expect(await outcomeOf(random)).toBe('layer_invalid');
      }),
    );
  });
});
