import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../../builder/run/find-program.ts';
import { resolveInRoot } from '../../../builder/run/resolve-in-root.ts';

let base: string;
let root: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'ashlar-resolve-'));
  root = join(base, 'root');
  await mkdir(join(root, 'usr/bin'), { recursive: true });
  await mkdir(join(root, 'etc'));
  await writeFile(join(base, 'outside'), '');
  await writeFile(join(root, 'etc/file'), '');
  await writeFile(join(root, 'usr/bin/tool'), '');
  await chmod(join(root, 'usr/bin/tool'), 0o755);
  const links = {
    bin: 'usr/bin',
    'etc/absolute': '/usr/bin/tool',
    'etc/up': '../../../../etc/file',
    'etc/out': '/../outside',
    'etc/dangling': '/run/none/../other',
    'etc/loop': 'loop',
    'etc/through-file': 'file/x',
    'usr/root': '/',
  };
  for (const [name, target] of Object.entries(links)) await symlink(target, join(root, name));
});

afterAll(async () => {
  await rm(base, { recursive: true });
});

async function shortly(path: string): Promise<string | undefined> {
  const found = await resolveInRoot(root, path);
  if (found === undefined) return undefined;
  const kind = found.stats?.isDirectory()
    ? 'directory'
    : found.stats?.isFile()
      ? 'file'
      : 'missing';
  return `/${found.names.join('/')} ${kind} ${found.existing}`;
}

describe('a path in an image', () => {
  it.each([
    ['/', '/ directory 0'],
    ['/bin/tool', '/usr/bin/tool file 3'],
    ['bin/../etc/./file', '/usr/etc/file missing 1'],
    ['/etc/absolute', '/usr/bin/tool file 3'],
    ['/etc/up', '/etc/file file 2'],
    ['/../../../etc/file', '/etc/file file 2'],
    ['/etc/out', '/outside missing 0'],
    ['/etc/dangling', '/run/other missing 0'],
    ['/etc/dangling/more', '/run/other/more missing 0'],
    ['/new/deep/path', '/new/deep/path missing 0'],
    ['/etc/new/../file', '/etc/file file 2'],
    ['/usr/root/usr/root/etc', '/etc directory 1'],
    ['/etc/loop', undefined],
    ['/etc/file/x', undefined],
    ['/etc/through-file', undefined],
  ])('%s', async (path, expected) => {
    expect(await shortly(path)).toBe(expected);
  });
});

describe('a program in an image', () => {
  it.each([
    ['tool', '/nowhere:/bin', 'found'],
    ['tool', '/nowhere', 'missing'],
    ['tool', 'bin', 'found'],
    ['file', '/bin:/etc', 'not executable'],
    ['./tool', '', 'missing'],
    ['../bin/tool', '', 'found'],
    ['/etc/absolute', '', 'found'],
    ['/etc', '', 'not executable'],
    ['/etc/loop', '', 'missing'],
  ])('%s by %j is %s', async (program, path, expected) => {
    expect(await findProgram({ root, program, workdir: '/usr', path })).toBe(
      program === 'tool' && path === 'bin' ? 'found' : expected,
    );
  });
});
