import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createOwnedTempDir, sweepTempDirs } from '../../src/disk/owned-temp-dir.ts';
import { runChecked } from '../../src/process/run-command.ts';
import { isRoot, scratchDir } from '../support/scratch.ts';

const scratch = scratchDir('owned');
const hourMs = 3600_000;

describe('a temporary directory with an owner', () => {
  it('is there while its process runs, and gone when it is given back', async () => {
    const parent = join(scratch, 'used');
    const made = await createOwnedTempDir(parent, 'import');
    await sweepTempDirs(parent, Date.now() + 1000 * hourMs);
    expect(existsSync(made.path)).toBe(true);
    await made[Symbol.asyncDispose]();
    expect(readdirSync(parent)).toEqual([]);
  });

  it.each(['import', 'registry-cache'])(
    'of the kind %s is removed by the next one when its process was killed',
    async (kind) => {
      const parent = join(scratch, 'killed', kind);
      const module = join(import.meta.dirname, '../../src/disk/owned-temp-dir.ts');
      const program = `
      import { createOwnedTempDir } from ${JSON.stringify(module)};
      process.stdout.write((await createOwnedTempDir(${JSON.stringify(parent)}, '${kind}')).path);
      setInterval(() => {}, 1000);`;
      const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [path] = (await once(child.stdout, 'data')) as [Buffer];
      writeFileSync(join(path.toString(), 'file'), 'x');
      await sweepTempDirs(parent, Date.now());
      expect(existsSync(path.toString())).toBe(true);
      child.kill('SIGKILL');
      await once(child, 'exit');
      await using next = await createOwnedTempDir(parent, kind);
      expect(readdirSync(parent)).toEqual([basename(next.path)]);
    },
  );

  it('is removed when its process has ended and another has its number', async () => {
    const parent = join(scratch, 'reused');
    await using made = await createOwnedTempDir(parent, 'vm');
    const [kind, namespace, pid, start] = basename(made.path).split('-');
    const earlier = `${kind}-${namespace}-${pid}-${Number(start) - 1}-reused`;
    mkdirSync(join(parent, earlier));
    await sweepTempDirs(parent, Date.now());
    expect(readdirSync(parent)).toEqual([basename(made.path)]);
  });

  it('of a process that cannot be seen from here is removed after a day', async () => {
    const parent = join(scratch, 'foreign');
    const path = join(parent, 'import-1-17-4711-abcdef');
    mkdirSync(path, { recursive: true });
    await sweepTempDirs(parent, Date.now() + 23 * hourMs);
    expect(existsSync(path)).toBe(true);
    await sweepTempDirs(parent, Date.now() + 25 * hourMs);
    expect(existsSync(path)).toBe(false);
  });

  it('is all that is removed, with spools that were caught between two system calls', async () => {
    const parent = join(scratch, 'others');
    mkdirSync(join(parent, 'archive-AbCdEf'), { recursive: true });
    writeFileSync(join(parent, 'spool-0123456789ab.tmp'), '');
    writeFileSync(join(parent, 'notes.txt'), '');
    await sweepTempDirs(parent, Date.now());
    expect(readdirSync(parent)).toHaveLength(3);
    const old = new Date(Date.now() - 100 * hourMs);
    for (const name of readdirSync(parent)) utimesSync(join(parent, name), old, old);
    await sweepTempDirs(parent, Date.now());
    expect(readdirSync(parent).toSorted()).toEqual(['archive-AbCdEf', 'notes.txt']);
  });

  it.skipIf(!isRoot)(
    'is made beside leftovers of another user (needs root to be two)',
    async () => {
      const parent = join(scratch, 'shared');
      await using own = await createOwnedTempDir(parent, 'vm');
      const [kind, namespace] = basename(own.path).split('-');
      const leftover = `${kind}-${namespace}-${process.pid}-1-abcdef`;
      mkdirSync(join(parent, leftover, 'below'), { recursive: true });
      chmodSync(scratch, 0o755);
      chmodSync(parent, 0o1777);
      const module = join(import.meta.dirname, '../../src/disk/owned-temp-dir.ts');
      const program = `
      import { createOwnedTempDir } from ${JSON.stringify(module)};
      process.setuid(65534);
      await using made = await createOwnedTempDir(${JSON.stringify(parent)}, 'vm');
      process.stdout.write(made.path);`;
      const { stdout } = await runChecked(process.execPath, [
        '--input-type=module-typescript',
        '-e',
        program,
      ]);
      expect(stdout.toString()).toContain(join(parent, 'vm-'));
      expect(existsSync(join(parent, leftover))).toBe(true);
    },
  );
});
