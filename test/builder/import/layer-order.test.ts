import * as fc from 'fast-check';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TarRecord } from '../../tar/support/tar-writer.ts';
import { scratchDir } from '../../support/scratch.ts';
import { importSource, layoutOf, startRun } from './support/import-layers.ts';
import { directory, file, hardLink, symlink, whiteout } from './support/layer-records.ts';

/** A tree, as the records that bring it about: each directory has one, and hard links stand behind their targets. */
type Tree = ReadonlyMap<string, TarRecord>;

interface Step {
  readonly parent: number;
  readonly name: string;
  readonly kind: 'file' | 'large' | 'directory' | 'symlink' | 'hardlink';
  readonly seed: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  parent: fc.nat(20),
  name: fc.constantFrom('a', 'b', 'c', 'lib', 'é', 'with space'),
  kind: fc.constantFrom('file', 'file', 'large', 'directory', 'directory', 'symlink', 'hardlink'),
  seed: fc.nat(5),
});
const tree = fc.array(step, { minLength: 1, maxLength: 30 }).map(treeOf);
const order = fc.array(fc.double({ noNaN: true }), { minLength: 40, maxLength: 40 });
const cuts = fc.array(fc.nat(40), { maxLength: 5 });

describe('the same tree', () => {
  const scratch = scratchDir('layer-order');
  let count = 0;
  const digestOf = async (layers: readonly (readonly TarRecord[])[]): Promise<string> => {
    using run = startRun(scratch);
    count += 1;
    const source = await layoutOf(join(scratch, `layout-${count}`), layers);
    return (await importSource(run, source)).digest;
  };

  it('has the same digest, in whatever order and by whatever layers it comes about', async () => {
    await fc.assert(
      fc.asyncProperty(tree, order, cuts, async (wanted, keys, places) => {
        const plain = await digestOf([[...wanted.values()]]);
        const shuffled = shuffle(wanted, keys);
        expect(await digestOf([shuffled])).toBe(plain);
        expect(await digestOf(cut(shuffled, places))).toBe(plain);
        const repeated = [stale(wanted), ...cut([...wanted.values()], places)];
        expect(await digestOf(repeated)).toBe(plain);
        const litter = [directory('litter'), file('litter/f'), file('litter/g'), file('a.tmp')];
        const cleared = [...shuffled, whiteout('litter'), whiteout('a.tmp')];
        expect(await digestOf([litter, ...cut(cleared, places)])).toBe(plain);
      }),
      { numRuns: 25 },
    );
  });

  it('has another digest where anything about it is different', async () => {
    const base = [directory('d'), file('d/f'), symlink('l', 'd'), file('g'), hardLink('h', 'g')];
    const others = [
      [directory('d', { mode: 0o700 }), ...base.slice(1)],
      [base[0], file('d/f', 'other'), ...base.slice(2)],
      [base[0], file('d/f', undefined, { mtimeNsec: 1 }), ...base.slice(2)],
      [base[0], file('d/f', undefined, { uid: 1 }), ...base.slice(2)],
      [...base.slice(0, 2), symlink('l', 'e'), ...base.slice(3)],
      [...base.slice(0, 4), file('h', 'g')],
      [...base, file('more')],
    ].map((records) => records.filter((record) => record !== undefined));
    const digests = [];
    for (const records of [base, ...others]) digests.push(await digestOf([records]));
    expect(new Set(digests).size).toBe(others.length + 1);
  });
});

function treeOf(steps: readonly Step[]): Tree {
  const records = new Map<string, TarRecord>();
  const directories = [''];
  const files: string[] = [];
  for (const { parent, name, kind, seed } of steps) {
    const folder = directories[parent % directories.length] ?? '';
    const path = folder === '' ? name : `${folder}/${name}`;
    const target = files[seed % Math.max(1, files.length)];
    if (records.has(path) || (kind === 'hardlink' && target === undefined)) continue;
    if (kind === 'directory') directories.push(path);
    else if (kind !== 'symlink' && kind !== 'hardlink') files.push(path);
    records.set(path, recordOf(path, { kind, seed, target }));
  }
  return records;
}

function recordOf(
  path: string,
  { kind, seed, target = '' }: Pick<Step, 'kind' | 'seed'> & { target: string | undefined },
): TarRecord {
  if (kind === 'directory') return directory(path, { mode: 0o700 + seed, mtimeSec: seed });
  if (kind === 'symlink') return symlink(path, `../${'long/'.repeat(seed * 20)}target`);
  if (kind === 'hardlink') return hardLink(path, target);
  const content =
    kind === 'file' ? `content ${seed}` : Buffer.alloc(65_000 * (seed + 1), `${seed}`);
  return file(path, content, { uid: seed });
}

/** Any order, but for hard links, which need their targets. */
function shuffle(wanted: Tree, keys: readonly number[]): TarRecord[] {
  return [...wanted.values()]
    .map((record, index) => ({ record, key: keys[index] ?? 0 }))
    .toSorted((a, b) => linkRank(a.record) - linkRank(b.record) || a.key - b.key)
    .map(({ record }) => record);
}

function linkRank({ entry }: TarRecord): number {
  return entry.type === 'hardlink' ? 1 : 0;
}

function cut(records: readonly TarRecord[], places: readonly number[]): TarRecord[][] {
  const ends = [...places.toSorted((a, b) => a - b), records.length];
  return ends.map((end, index) => records.slice(ends[index - 1] ?? 0, end));
}

/** What an earlier version of the same tree may have been. */
function stale(wanted: Tree): TarRecord[] {
  return [...wanted].map(([path, { entry }], index) => {
    if (entry.type === 'directory') return directory(path, { mode: 0o777, uid: 9 });
    return index % 2 === 0 ? file(path, 'stale', { mode: 0o600 }) : directory(path);
  });
}
