import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootObstacle } from '../vm/support/root-disk.ts';
import { type CliBench, createCliBench, jsonOf, whyNoSteps } from './cli-bench.ts';
import { hidePrograms } from './hide-programs.ts';

const obstacles = [whyNoSteps, (await bootObstacle()) ?? ''];
const why = obstacles.filter((reason) => reason !== '').join(', ');
let bench: CliBench;

beforeAll(async () => {
  if (why === '') bench = await createCliBench();
});
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

interface Report {
  readonly ok: boolean;
  readonly checks: readonly { name: string; ok: boolean; detail: string; mend: string }[];
}

describe.skipIf(why !== '')(`ashlar doctor ${why}`, () => {
  it('tells all that this machine has', async () => {
    const result = await bench.run(['doctor', '--output', 'json']);
    const { ok, checks } = jsonOf(result) as Report;
    expect([result.exitCode, ok, checks.filter((check) => !check.ok)]).toEqual([0, true, []]);
    for (const check of checks) {
      expect(check).toEqual({
        name: expect.stringMatching(/./) as string,
        ok: true,
        detail: expect.stringMatching(/./) as string,
        mend: expect.any(String) as string,
      });
    }
    const names = checks.map(({ name }) => name);
    for (const name of [
      'node',
      'home',
      'store',
      'root',
      'crun or runc',
      'pasta or slirp4netns',
      'overlay file system',
      'cgroup controller memory',
      'setpriv',
      'virtual machines',
    ])
      expect(names).toContain(name);
    expect(new Set(names).size).toBe(names.length);
    expect(checks.find(({ name }) => name === 'home')?.detail).toContain(bench.home);
    const text = await bench.run(['doctor']);
    expect(text.stdout).toMatch(
      /^ok {2}node +Node\.js 24[\s\S]*\nthis machine has all that Ashlar needs\n$/,
    );
  });

  it('tells what is missing, each with the mend, and ends with 6', async () => {
    const under = hidePrograms('crun', 'runc', 'mke2fs');
    const result = await bench.run(['doctor', '--output', 'json'], { under });
    expect(result.exitCode).toBe(6);
    const { ok, checks } = jsonOf(result) as Report;
    expect(ok).toBe(false);
    expect(checks.filter((check) => !check.ok)).toEqual([
      { name: 'crun or runc', ok: false, detail: 'not installed', mend: 'apt-get install crun' },
      { name: 'mke2fs', ok: false, detail: 'not installed', mend: 'apt-get install e2fsprogs' },
    ]);
    const one = await bench.run(['doctor'], { under: hidePrograms('mke2fs') });
    expect(one.stdout).toMatch(/\n1 thing is missing\n$/);
    const text = await bench.run(['doctor'], { under });
    expect(text.stdout).toMatch(/^MISSING +crun or runc +not installed -> apt-get install crun$/m);
    expect(text.stdout).toMatch(/\n2 things are missing\n$/);
  });

  it('tells that a store or a state directory cannot be used', async () => {
    const file = join(await bench.context({ file: '' }), 'file');
    const env = { ASHLAR_HOME: join(file, 'home'), ASHLAR_STORE: pathToFileURL(file).href };
    const result = await bench.run(['doctor', '--output', 'json'], { env });
    const { checks } = jsonOf(result) as Report;
    const hurt = checks.filter((check) => !check.ok);
    expect([result.exitCode, hurt.map(({ name }) => name)]).toEqual([6, ['home', 'store']]);
    for (const { mend } of hurt) expect(mend).not.toBe('');
  });
});
