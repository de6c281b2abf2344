import { describe, expect, it } from 'vitest';
import { matrixRows } from '../../matrix-tests/matrix-rows.ts';
import { awkwardBases } from '../../matrix-tests/rows/awkward-rows.ts';
import type { Answers } from './support/made-ashlar.ts';
import { failureOf, madeAshlar } from './support/made-ashlar.ts';
import { scratchDir } from '../support/scratch.ts';

const scratch = scratchDir('matrix-rows');
const engine = { provider: 'sudo', version: '1.9.5' };

function known(release: string, over: object = {}): object {
  return {
    release,
    title: release,
    source: `registry.example/${release}`,
    support: { archive: 'main' },
    engines: { installed: engine, withoutRecommends: engine },
    sudoers: { reconstructed: false },
    apt: { sources: 'etc/apt/sources.list', archive: 'http://archive.example/' },
    ...over,
  };
}

/** All that rows are of. */
const ids = new Set([
  ...awkwardBases.flatMap(({ release }) => release ?? []),
  ...['11', '12', '13', '14'].map((version) => `debian-${version}`),
]);

async function rowsOf(releases: readonly object[], more: Answers = {}) {
  const ashlar = madeAshlar({ 'base ls': { releases }, ...more });
  const signal = new AbortController().signal;
  const rows = await matrixRows({ ashlar, cacheDir: scratch, env: {}, signal });
  return { rows, ashlar };
}

const prepared = { tempDir: scratch, signal: new AbortController().signal, say: () => {} };

describe('the rows of the matrix', () => {
  it('are of releases that are known; one of another is an error, and not left out', async () => {
    const all = [...ids].map((id) => known(id));
    const { rows } = await rowsOf(all);
    expect(rows.filter(({ kind }) => kind === 'awkward')).toHaveLength(awkwardBases.length);
    const lost = all.filter((one) => !JSON.stringify(one).includes('"ubuntu-24.04"'));
    await expect(rowsOf(lost)).rejects.toThrow(/is of ubuntu-24.04, which is not known/);
    const unreal = all.filter((one) => !JSON.stringify(one).includes('"debian-13"'));
    await expect(rowsOf(unreal)).rejects.toThrow(/debian-13.* is of debian-13, which is not known/);
  });

  it('are of published images where there is one and no real row; which fail where suites have moved', async () => {
    const more = [
      known('some-1', { support: { archive: 'historical' } }),
      known('some-2', { source: null }),
    ];
    const { rows } = await rowsOf([...[...ids].map((id) => known(id)), ...more]);
    const pulled = rows.filter(({ kind }) => kind === 'pulled');
    const released = new Set(pulled.map(({ release }) => release));
    expect(released.has('some-1')).toBe(true);
    for (const id of ['some-2', 'debian-12']) expect(released.has(id)).toBe(false);
    const moved = pulled.find(({ release }) => release === 'some-1');
    expect(moved?.expects.after).toMatchObject([
      { check: 'apt-archive-there', at: '/etc/apt/sources.list' },
    ]);
    expect(await moved?.prepare(prepared)).toMatchObject({
      reference: 'docker://registry.example/some-1',
    });
    // A tree that names nobody's archive does not fail for it.
    const recorded = known('some-3', {
      support: { archive: 'historical' },
      apt: { sources: 'etc/apt/sources.list', archive: null },
    });
    const other = await rowsOf([...[...ids].map((id) => known(id)), recorded]);
    expect(other.rows.find(({ id }) => id === 'some-3')?.expects.after).toEqual([]);
  });

  it('are twice of a release where it depends on the installation which sudo answers', async () => {
    const rust = { provider: 'sudo-rs', version: '0.2.8' };
    const both = known('some-1', { engines: { installed: rust, withoutRecommends: engine } });
    const { rows } = await rowsOf([...[...ids].map((id) => known(id)), both]);
    expect(rows.filter(({ id }) => id.startsWith('some-1')).map(({ id }) => id)).toEqual([
      'some-1',
      'some-1-no-recommends',
      'some-1-pulled',
    ]);
  });

  it('take the trees of all releases from one call, and fail where that does', async () => {
    const releases = [...ids].map((id) => known(id));
    const trees = [...ids].map((release) => ({
      release,
      files: { 'etc/hosts': { content: '' }, tmp: { directory: true, mode: 0o1777 } },
    }));
    const { rows, ashlar } = await rowsOf(releases, { 'base reconstruct': { releases: trees } });
    const made = rows.filter(({ kind }) => kind === 'reconstruction').slice(0, 5);
    const references = await Promise.all(made.map((row) => row.prepare(prepared)));
    for (const one of references)
      expect(one).toMatchObject({ reference: `tar:${scratch}/tree.tar` });
    expect(ashlar.calls.filter((line) => line.startsWith('base reconstruct'))).toEqual([
      'base reconstruct --sudo installed',
    ]);
    const broken = await rowsOf(releases, {
      'base reconstruct': failureOf({ message: 'no data' }),
    });
    await expect(broken.rows[0]?.prepare(prepared)).rejects.toThrow(
      'releases cannot be reconstructed: no data',
    );
  });
});
