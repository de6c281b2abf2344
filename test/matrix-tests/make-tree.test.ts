import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeDebianTree } from '../../matrix-tests/debian/make-tree.ts';
import { debianRecipes } from '../../matrix-tests/debian/recipes.ts';
import { runCommand } from '../../src/process/run-command.ts';
import { isRoot, scratchDir } from '../support/scratch.ts';

const scratch = scratchDir('matrix-trees');
const canUnshare = isRoot && (await runCommand('unshare', ['--mount', 'true'])).exitCode === 0;
const [recipe] = debianRecipes;
let runs = 0;

/** A run with a program in mmdebstrap's place: this shell script, whose last argument is the file to be made. */
async function make(script: string, cacheDir: string) {
  runs += 1;
  const bin = join(scratch, `bin-${runs}`);
  const tempDir = join(scratch, `temp-${runs}`);
  for (const directory of [bin, tempDir]) mkdirSync(directory);
  writeFileSync(join(bin, 'mmdebstrap'), `#!/bin/sh\nfor file; do :; done\n${script}\n`);
  chmodSync(join(bin, 'mmdebstrap'), 0o755);
  const said: string[] = [];
  if (recipe === undefined) throw new Error('there is no recipe');
  const made = await makeDebianTree(recipe, {
    cacheDir,
    env: { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` },
    context: {
      tempDir,
      signal: new AbortController().signal,
      say: (words) => void said.push(words),
    },
  });
  return { made, said };
}

describe.skipIf(!canUnshare)('a tree of packages (needs root and a mount namespace)', () => {
  it('is made once and then taken from the cache, until its packages are a month old', async () => {
    const cacheDir = join(scratch, 'cache');
    const first = await make('printf one >"$file"', cacheDir);
    expect(first.said).toEqual([`makes the tree of ${recipe?.title ?? ''} from packages`]);
    const [name = ''] = readdirSync(cacheDir);
    const file = join(cacheDir, name);
    expect(first.made).toMatchObject({ reference: `tar:${file}` });
    const second = await make('exit 1', cacheDir);
    expect(second).toEqual({ made: first.made, said: [] });
    const old = new Date(Date.now() - 40 * 24 * 3600_000);
    utimesSync(file, old, old);
    await make('printf two >"$file"', cacheDir);
    expect([readdirSync(cacheDir), readFileSync(file, 'utf8')]).toEqual([[name], 'two']);
  });

  it('that cannot be made is missing, with the reason; an old one is taken where there is one', async () => {
    const cacheDir = join(scratch, 'other-cache');
    const script = 'echo "I: started" >&2; echo "E: the suite is not there (404)" >&2; exit 25';
    const { made } = await make(script, cacheDir);
    expect(made).toEqual({
      missing: 'the packages of bullseye cannot be had: E: the suite is not there (404)',
    });
    await make('printf one >"$file"', cacheDir);
    const [name = ''] = readdirSync(cacheDir);
    const old = new Date(Date.now() - 40 * 24 * 3600_000);
    utimesSync(join(cacheDir, name), old, old);
    const kept = await make(script, cacheDir);
    expect(kept.made).toMatchObject({
      detail: expect.stringMatching(
        /^made on .*; not made anew: the packages of bullseye cannot/,
      ) as string,
    });
  });
});
