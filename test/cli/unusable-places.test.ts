import { existsSync } from 'node:fs';
import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemErrorCode } from '../../src/errors/ashlar-error.ts';
import { probeAnswer, probeDirectory } from '../../src/disk/probe-directory.ts';
import { freezeDisk, whyNoFreeze } from '../support/frozen-disk.ts';
import { isRoot } from '../support/scratch.ts';
import { type CliBench, createCliBench, documentOf, jsonOf } from './cli-bench.ts';

const why = isRoot ? '' : 'needs root';
const json = ['--output', 'json'];
let bench: CliBench;

beforeAll(async () => {
  if (why === '') bench = await createCliBench();
});
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

/** Exit code and code of each failure, all run at the same time. */
async function failuresOf(
  commands: readonly (readonly string[])[],
  env: NodeJS.ProcessEnv,
): Promise<string[]> {
  const cwd = await bench.context({ Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' });
  const results = await Promise.all(
    commands.map((args) => bench.run([...args, ...json], { env, cwd })),
  );
  return results.map((result) => `${result.exitCode} ${documentOf(result).error.code}`);
}

describe.skipIf(why !== '')(`a file system that cannot hold state ${why}`, () => {
  const writing = (): string[][] => [
    ['build', '.'],
    ['image', 'import', `tar:${bench.baseArchive}`, '-t', 'x'],
    ['boot', 'base:test'],
  ];

  it.each(['/proc/ashlar', '/proc/1/fd/ashlar', '/sys/ashlar', '/dev/null/ashlar'])(
    'is refused at once as state directory: %s',
    async (home) => {
      const env = { ASHLAR_HOME: home };
      expect(await failuresOf(writing(), env)).toEqual(Array(3).fill('6 home_unusable'));
      const listed = await bench.run(['image', 'ls', ...json], { env });
      expect([listed.exitCode, jsonOf(listed)]).toEqual([0, expect.anything()]);
      expect((await bench.run(['store', 'gc'], { env })).exitCode).toBe(0);
      const doctor = await bench.run(['doctor', ...json], { env });
      const { checks } = jsonOf(doctor) as { checks: { name: string; ok: boolean }[] };
      expect(checks.find(({ name }) => name === 'home')?.ok).toBe(false);
      expect((await bench.run(['--help'], { env })).exitCode).toBe(0);
    },
  );

  it('is refused when it takes directories but no files', async (ctx) => {
    const hierarchies = await readdir('/sys/fs/cgroup').catch(() => []);
    const parent = ['/sys/fs/cgroup', ...hierarchies.map((name) => join('/sys/fs/cgroup', name))];
    const cgroup = parent.find((path) => existsSync(join(path, 'cgroup.procs')));
    if (cgroup === undefined) return ctx.skip('there is no cgroup file system');
    const home = join(cgroup, `ashlar-home-${process.pid}`);
    try {
      await mkdir(home);
    } catch (error) {
      if (systemErrorCode(error) === 'EROFS') return ctx.skip('cgroups are read-only here');
      throw error;
    }
    try {
      const env = { ASHLAR_HOME: home };
      expect(await failuresOf(writing(), env)).toEqual(Array(3).fill('6 home_unusable'));
    } finally {
      await rmdir(home);
    }
  });

  it.each([
    ['/proc/ashlar', '6 store_unreachable'],
    ['/sys/ashlar', '6 store_read_only'],
  ])('is refused at once as store: %s', async (store, code) => {
    const env = { ASHLAR_STORE: pathToFileURL(store).href };
    expect(await failuresOf(writing(), env)).toEqual([code, code, '2 store_missing']);
  });
});

describe.skipIf(whyNoFreeze !== '')(`a file system that does not answer ${whyNoFreeze}`, () => {
  it('is known for that, and one that does is not', async () => {
    {
      await using frozen = await freezeDisk((path) => mkdir(join(path, 'there')));
      const problem = { kind: 'hangs', words: 'does not answer: it was asked 0.3 s ago' };
      for (const name of ['there', 'new/home']) {
        const path = join(frozen.path, name);
        expect(await probeDirectory(path, 300)).toEqual(problem);
        expect(await probeAnswer(path, 'write', 300)).toEqual(problem);
        expect(await probeAnswer(path, 'read')).toBeNull();
      }
    }
    const home = await bench.context({});
    expect(await probeDirectory(join(home, 'new/home'))).toBeNull();
    expect(await readdir(join(home, 'new/home'))).toEqual([]);
    expect(await probeAnswer(join(home, 'other/store'), 'write')).toBeNull();
    expect(await readdir(home)).toEqual(['new']);
  });

  it('is refused after a time, as state directory and as store', async () => {
    await using frozen = await freezeDisk((path) => mkdir(join(path, 'cache')));
    const build = [['build', '.']];
    const [home, store] = await Promise.all([
      failuresOf(build, { ASHLAR_HOME: frozen.path }),
      failuresOf(build, { ASHLAR_STORE: pathToFileURL(join(frozen.path, 'store')).href }),
    ]);
    expect([home, store]).toEqual([['6 home_unusable'], ['6 store_unreachable']]);
  });
});
