import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBytes, fromUtf8 } from '../../src/bytes/byte-path.ts';
import { hashName } from '../../src/ext4/half-md4.ts';
import { directoryHashSeed } from '../../src/layout/layout-parameters.ts';
import { debugfs } from '../layout/support/judges.ts';
import { treeOf } from '../layout/support/make-tree.ts';
import { mib, writeDisk } from '../layout/support/write-disk.ts';
import { scratchDir } from '../support/scratch.ts';

const scratch = scratchDir('half-md4');

/** The words of a seed as the UUID that e2fsprogs takes for them. */
function seedUuid(words: readonly number[]): string {
  const bytes = Buffer.alloc(16);
  words.forEach((word, index) => bytes.writeUInt32LE(word, index * 4));
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** Names of all lengths, of bytes that debugfs takes as part of a word. */
function manyNames(): string[] {
  const plain = 'abcdefghijklmnopqrstuvwxyz0123456789._+-'.repeat(7);
  const names = Array.from({ length: 255 }, (_, index) => plain.slice(0, index + 1));
  const byte = fc.integer({ min: 0x80, max: 0xff });
  const letter = fc.integer({ min: 0x61, max: 0x7a });
  const mixed = fc
    .array(fc.oneof(byte, letter), { minLength: 1, maxLength: 255, size: 'max' })
    .map((bytes) => fromBytes(Buffer.from(bytes)));
  return [
    ...names,
    ...Array.from({ length: 255 }, (_, index) => '\xff'.repeat(index + 1)),
    fromUtf8('é'.repeat(127)),
    fromUtf8('日本語のファイル名'),
    '\x01\x7f\x80\xfe',
    ...fc.sample(mixed, { numRuns: 500, seed: 4 }),
  ];
}

async function hashesOfDebugfs(
  disk: string,
  names: readonly string[],
  seed: readonly number[],
): Promise<string[]> {
  const options = `-h half_md4 -s ${seedUuid(seed)}`;
  const answers = await debugfs(
    disk,
    names.map((name) => `dx_hash ${options} ${name}`),
  );
  return answers.map((answer) => /is (0x\w+ \(minor 0x\w+\))$/.exec(answer)?.[1] ?? answer);
}

describe('the directory hash', () => {
  const disk = join(scratch, 'disk.raw');

  it.for([
    ["the layout's seed", directoryHashSeed],
    ['another seed', [0x00000001, 0xffffffff, 0x80000000, 0x12345678]],
  ] as const)('is what e2fsprogs computes, with %s', async ([, seed]) => {
    await writeDisk(disk, treeOf({}), { diskBytes: 16 * mib });
    const names = manyNames();
    const own = names.map((name) => {
      const { major, minor } = hashName(name, seed);
      return `0x${major.toString(16)} (minor 0x${minor.toString(16)})`;
    });
    expect(await hashesOfDebugfs(disk, names, seed)).toEqual(own);
  });

  it('is even: the lowest bit marks leaves that continue', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 60 }), (text) => {
        expect(hashName(fromUtf8(text), directoryHashSeed).major % 2).toBe(0);
      }),
    );
  });
});
