import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { publicRegistryUrl } from '../../../mirror/registries/default-registry.ts';
import { type CommandResult, runCommand } from '../../../src/process/run-command.ts';
import { scratchDir } from '../../support/scratch.ts';

const program = join(import.meta.dirname, '../../../bin/ashlar');
const scratch = scratchDir('lockfile-command');
const home = publicRegistryUrl().origin;
let made = 0;

interface Run {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function project(files: Readonly<Record<string, string>>): Promise<string> {
  made += 1;
  const directory = join(scratch, String(made));
  await mkdir(directory);
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return directory;
}

async function lockfileRewrite(cwd: string, ...args: readonly string[]): Promise<Run> {
  const env = { ...process.env, ASHLAR_HOME: join(scratch, 'home') };
  const words = ['lockfile', 'rewrite', ...args];
  const result: CommandResult = await runCommand(program, words, { cwd, env, timeoutMs: 60_000 });
  const [stdout, stderr] = [result.stdout.toString(), result.stderr.toString()];
  return { exitCode: result.exitCode, stdout, stderr };
}

const npmLock = (...urls: readonly string[]): string =>
  `${JSON.stringify(
    {
      lockfileVersion: 3,
      packages: Object.fromEntries(
        urls.map((resolved, index) => [`node_modules/p${index}`, { version: '1.0.0', resolved }]),
      ),
    },
    null,
    2,
  )}\n`;

const yarnLock = (url: string): string =>
  `# yarn lockfile v1\n\n\nonce@1:\n  version "1.4.0"\n  resolved "${url}#abc"\n`;

describe('ashlar lockfile rewrite', () => {
  it('rewrites several files to the mirror, and back to the same bytes', async () => {
    const npm = npmLock(
      `${home}/a.tgz`,
      `http://${new URL(home).host}/b.tgz`,
      'https://h.test/c.tgz',
    );
    const yarn = yarnLock('https://registry.yarnpkg.com/once/-/once-1.4.0.tgz');
    const cwd = await project({ 'package-lock.json': npm, 'yarn.lock': yarn });
    const there = await lockfileRewrite(cwd, 'package-lock.json', 'yarn.lock', './yarn.lock');
    expect(there).toEqual({
      exitCode: 0,
      stdout:
        'package-lock.json (npm, version 3): 2 of 3 URLs now point to http://localhost:4873/\n' +
        'yarn.lock (yarn 1, version 1): 1 of 1 URLs now point to http://localhost:4873/\n',
      stderr: '',
    });
    const text = await readFile(join(cwd, 'package-lock.json'), 'utf8');
    expect(text).toBe(
      npmLock(
        'http://localhost:4873/a.tgz',
        `http://localhost:4873/-/via/http/${new URL(home).host}/b.tgz`,
        'https://h.test/c.tgz',
      ),
    );
    const back = await lockfileRewrite(cwd, '--restore', 'package-lock.json', 'yarn.lock');
    expect(back.stdout).toContain('yarn.lock (yarn 1, version 1): 1 of 1 URLs now point to their');
    expect(await readFile(join(cwd, 'package-lock.json'), 'utf8')).toBe(npm);
    expect(await readFile(join(cwd, 'yarn.lock'), 'utf8')).toBe(yarn);
  });

  it('takes another mirror and more registries', async () => {
    const npm = npmLock(`${home}/a.tgz`, 'https://npm.corp.test/api/b.tgz');
    const cwd = await project({ 'package-lock.json': npm });
    const options = ['--mirror', 'https://m.test/npm', '--registry', 'https://npm.corp.test/api/'];
    expect((await lockfileRewrite(cwd, 'package-lock.json', ...options)).exitCode).toBe(0);
    expect(await readFile(join(cwd, 'package-lock.json'), 'utf8')).toBe(
      npmLock('https://m.test/npm/a.tgz', 'https://m.test/npm/-/via/https/npm.corp.test/api/b.tgz'),
    );
  });

  it('says what would change, and what is left alone and why, without secrets', async () => {
    const npm = npmLock(
      `${home}/a.tgz`,
      `https://user:secret@${new URL(home).host}/b.tgz?token=secret`,
      `${home}/../c\u001B.tgz`,
    );
    const cwd = await project({ 'package-lock.json': npm });
    const text = await lockfileRewrite(cwd, 'package-lock.json', '--dry-run');
    expect(text.stdout).toContain('1 of 3 URLs would point to http://localhost:4873/');
    expect(text.stderr).toMatch(/^warning: package-lock.json:10: p1@1.0.0: .*credentials/m);
    expect(text.stderr).toMatch(/^warning: package-lock.json:14: p2@1.0.0: /m);
    const json = await lockfileRewrite(cwd, 'package-lock.json', '--dry-run', '--output', 'json');
    expect(json.stderr).toBe('');
    expect(JSON.parse(json.stdout)).toMatchObject({
      mirror: 'http://localhost:4873/',
      files: [
        {
          path: 'package-lock.json',
          kind: 'npm',
          version: '3',
          packages: 3,
          urls: 3,
          changed: 1,
          written: false,
          leftAlone: [
            { line: 10, reason: 'credentials' },
            { line: 14, reason: 'spelling' },
          ],
        },
      ],
    });
    expect(`${text.stdout}${text.stderr}${json.stdout}`).not.toMatch(/secret|(?!\n)\p{Cc}/u);
    expect(await readFile(join(cwd, 'package-lock.json'), 'utf8')).toBe(npm);
  });

  it('says where a file has no URLs', async () => {
    const pnpm = "lockfileVersion: '9.0'\npackages:\n  a@1.0.0:\n    resolution: {integrity: x}\n";
    const cwd = await project({ 'pnpm-lock.yaml': pnpm });
    const { exitCode, stdout } = await lockfileRewrite(cwd, 'pnpm-lock.yaml');
    expect([exitCode, stdout]).toEqual([
      0,
      'pnpm-lock.yaml (pnpm, version 9.0): it has no URLs, and needs no change: pnpm asks the registry that it is configured with\n',
    ]);
  });

  it('--check fails where the file cannot be published', async () => {
    const bad = npmLock(
      'http://localhost:4873/a.tgz',
      'https://npm.corp.test/b.tgz',
      `${home}/c.tgz`,
      'https://m.test/-/via/https/h.test/d.tgz',
      'https://u:secret@h.test/e.tgz',
      'javascript:alert(1)',
    );
    const cwd = await project({ 'package-lock.json': bad, 'yarn.lock': yarnLock(`${home}/o.tgz`) });
    const { exitCode, stdout } = await lockfileRewrite(
      cwd,
      '--check',
      'package-lock.json',
      'yarn.lock',
    );
    expect(exitCode).toBe(1);
    expect(stdout.split('\n').map((line) => line.replace(/: [^:]*$/, ''))).toEqual([
      'package-lock.json:6: p0@1.0.0: http://localhost:4873/a.tgz',
      'package-lock.json:10: p1@1.0.0: https://npm.corp.test/b.tgz',
      'package-lock.json:18: p3@1.0.0: https://m.test/-/via/https/h.test/d.tgz',
      'package-lock.json:22: p4@1.0.0: https://***@h.test/...',
      'package-lock.json:26: p5@1.0.0: javascript:...',
      'package-lock.json',
      'yarn.lock',
      'next',
      '',
    ]);
    const allowed = await lockfileRewrite(cwd, '--check', 'yarn.lock', '--output', 'json');
    expect([allowed.exitCode, JSON.parse(allowed.stdout)]).toMatchObject([
      0,
      { ok: true, rule: 'public', files: [{ findings: [] }] },
    ]);
  });

  it('--check allows registries that are named', async () => {
    const cwd = await project({ 'package-lock.json': npmLock('https://npm.corp.test/b.tgz') });
    const options = ['--check', '--registry', 'https://npm.corp.test/'];
    expect((await lockfileRewrite(cwd, 'package-lock.json', ...options)).exitCode).toBe(0);
  });

  it('--check --mirror fails where a package does not come through the mirror', async () => {
    const cwd = await project({
      'a.json': npmLock('https://m.test/a.tgz', 'https://m.test/-/via/https/h.test/b.tgz'),
      'b.json': npmLock('https://m.test/a.tgz', `${home}/b.tgz`),
    });
    const check = ['--check', '--mirror', 'https://m.test/'];
    expect((await lockfileRewrite(cwd, 'a.json', ...check)).exitCode).toBe(0);
    const { exitCode, stdout } = await lockfileRewrite(cwd, 'a.json', 'b.json', ...check);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^b\.json:10: p1@1\.0\.0: /m);
    expect(stdout).toMatch(/^next: `ashlar lockfile rewrite --mirror https:\/\/m\.test\/ FILE`/m);
  });

  it('writes nothing where one of the files is bad', async () => {
    const npm = npmLock(`${home}/a.tgz`);
    const cwd = await project({ 'package-lock.json': npm, 'yarn.lock': 'once@1:\n<<<<<<< HEAD\n' });
    const { exitCode, stderr, stdout } = await lockfileRewrite(
      cwd,
      'package-lock.json',
      'yarn.lock',
    );
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^error: yarn\.lock:2: a merge conflict .*\n {2}code: lockfile_invalid/);
    expect(await readFile(join(cwd, 'package-lock.json'), 'utf8')).toBe(npm);
  });

  it('refuses what it cannot do', async () => {
    const cwd = await project({ 'package-lock.json': npmLock(`${home}/a.tgz`), 'x.json': '{}' });
    await symlink('package-lock.json', join(cwd, 'link.json'));
    await chmod(join(cwd, 'x.json'), 0o644);
    for (const [args, exitCode, words] of [
      [['link.json'], 2, 'is a link'],
      [['no.json'], 2, 'does not exist'],
      [
        ['x.json'],
        2,
        'no lockfile of npm, pnpm, yarn or bun\n  code: lockfile_unusable; to act: whoever gave',
      ],
      [[], 2, 'file'],
      [['package-lock.json', '--check', '--restore'], 2, '--check'],
      [['package-lock.json', '--mirror', 'localhost:4873'], 2, '--mirror'],
      [['package-lock.json', '--mirror', ''], 2, '--mirror'],
      [['package-lock.json', '--mirror', home], 2, 'host of a registry'],
      [['package-lock.json', '--registry', 'x'], 2, '--registry'],
    ] as const) {
      const run = await lockfileRewrite(cwd, ...args);
      expect([args, run.exitCode, run.stdout]).toEqual([args, exitCode, '']);
      expect(run.stderr).toContain(words);
    }
    expect(await readFile(join(cwd, 'package-lock.json'), 'utf8')).toBe(npmLock(`${home}/a.tgz`));
  });
});
