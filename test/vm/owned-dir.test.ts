import { mkdir, readdir, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { createTempDir, runChecked } from '../../src/index.ts';
import { createOwnedDir, sweepOwnedDirs } from '../../vm/owned-dir.ts';

it('removes what dead owners left, and nothing else', async () => {
  await using parent = await createTempDir(tmpdir(), 'ashlar-owned');
  const own = await createOwnedDir(parent.path);
  const [, namespace = '', pid = '', startTime = ''] = basename(own.path).split('-');
  const { stdout } = await runChecked('sh', ['-c', 'echo $$']);
  const deadPid = stdout.toString('utf8').trim();
  const foreign = 'vm-1-1-1-foreign';
  const old = 'vm-2-1-1-foreign';
  for (const name of [
    `vm-${namespace}-${deadPid}-${startTime}-dead`,
    `vm-${namespace}-${pid}-${Number(startTime) - 1}-reused`,
    foreign,
    old,
    'somebody-elses',
  ]) {
    await mkdir(join(parent.path, name));
  }
  const longAgo = new Date('2001-01-01');
  await utimes(join(parent.path, old), longAgo, longAgo);
  await sweepOwnedDirs(parent.path);
  const left = await readdir(parent.path);
  expect(left.sort()).toEqual([basename(own.path), 'somebody-elses', foreign].sort());
  await own[Symbol.asyncDispose]();
  expect(await readdir(parent.path)).not.toContain(basename(own.path));
});
