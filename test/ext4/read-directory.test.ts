import { describe, expect, it } from 'vitest';
import { encodeDirectory, planDirectory } from '../../src/ext4/directory-blocks.ts';
import { readDirectoryBlock } from '../../src/ext4/read-directory.ts';
import { directoryHashSeed } from '../../src/layout/layout-parameters.ts';

function blocksOf(names: readonly string[]): Buffer[] {
  const shape = planDirectory(names, directoryHashSeed, '/d');
  const entries = names.map((name, index) => ({
    name,
    inodeNumber: 100 + index,
    type: 'file' as const,
  }));
  return encodeDirectory(shape, entries, { inodeNumber: 12, parentInodeNumber: 2, seed: 1 });
}

describe('blocks of a directory', () => {
  it.for([0, 1, 50, 400, 30_000])('give back the names of %d files', (count) => {
    const names = Array.from({ length: count }, (_, index) => `\xfe a name ${index}`);
    const listed = blocksOf(names).flatMap((block) => [...readDirectoryBlock(block)]);
    const numbers = new Map(listed.map(({ name, inodeNumber }) => [name, inodeNumber]));
    expect(numbers.size).toBe(listed.length);
    const expected = names.map((name, index): [string, number] => [name, 100 + index]);
    expect(numbers).toEqual(new Map([['.', 12], ['..', 2], ...expected]));
  });

  it.for([
    ['none', 0],
    ['a length that is no multiple of 4', 13],
    ['a length beyond the block', 4100],
    ['a length shorter than the name', 8],
  ] as const)('are refused with an entry of %s', ([, entryBytes]) => {
    const [block] = blocksOf(['a name']);
    block?.writeUInt16LE(entryBytes, 24 + 4);
    expect(() => [...readDirectoryBlock(block ?? Buffer.alloc(0))]).toThrow(RangeError);
  });
});
