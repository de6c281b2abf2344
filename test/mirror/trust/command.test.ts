import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { certificatesIn } from '../../../mirror/trust/pem-certificates.ts';
import { runCommand } from '../../../src/process/run-command.ts';
import { scratchDir } from '../../support/scratch.ts';
import { debianRoot, makeRoot, snapshot } from './support/root-tree.ts';

const scratch = scratchDir('trust-command');
const program = join(import.meta.dirname, '../../../bin/ashlar');
const home = join(scratch, 'home');
const root = makeRoot(join(scratch, 'root'), debianRoot);

async function trust(...args: readonly string[]) {
  const env = {
    ...process.env,
    ASHLAR_HOME: home,
    ASHLAR_STORE: pathToFileURL(join(scratch, 'store')).href,
  };
  const { exitCode, stdout, stderr } = await runCommand(program, ['trust', ...args], {
    env,
    timeoutMs: 60_000,
  });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

describe('ashlar trust', () => {
  it('makes the authority where there is none, and prints its certificate for other machines', async () => {
    const first = await trust('--print', 'pem');
    expect([first.exitCode, first.stderr]).toEqual([0, '']);
    expect(certificatesIn(first.stdout)).toEqual([first.stdout]);
    expect(first.stdout).not.toContain('PRIVATE');
    expect(await trust('--print', 'pem')).toEqual(first);
    expect(await readdir(join(home, 'authority'))).toEqual(['authority-0001.pem']);
  });

  it('says what would be done, checks, installs and takes back', async () => {
    const before = snapshot(root);
    const shown = await trust('--root', root);
    expect(shown.exitCode).toBe(0);
    expect(shown.stdout).toMatch(
      /^system {2}does not trust the mirror\nnode {4}does not trust the mirror\n[\s\S]*\nbun {5}is not installed\n/,
    );
    expect(shown.stdout).toContain('\nto be changed by `ashlar trust --install`:\n');
    expect((await trust('--root', root, '--check')).exitCode).toBe(6);
    expect(snapshot(root)).toEqual(before);
    const installed = await trust('--root', root, '--install', '--output', 'json');
    expect(installed.exitCode).toBe(0);
    const document = JSON.parse(installed.stdout) as {
      clients: { client: string; state: string; parts: unknown[] }[];
      changed: unknown[];
    };
    expect(document.clients.find(({ client }) => client === 'npm')).toEqual({
      client: 'npm',
      state: 'trusts',
      parts: expect.arrayContaining([
        { path: '/etc/ashlar/trust/bundle.pem', isRight: true, change: null, problem: null },
      ]) as unknown[],
    });
    expect(document.changed).toContainEqual({
      path: '/etc/profile.d/ashlar-trust.sh',
      what: 'sets NODE_EXTRA_CA_CERTS',
    });
    expect((await trust('--root', root, '--check', '--client', 'system,npm')).stdout).toBe(
      'system  trusts the mirror\nnpm     trusts the mirror\n',
    );
    const removed = await trust('--root', root, '--remove');
    expect([removed.exitCode, removed.stdout]).toEqual([
      0,
      expect.stringMatching(/^undone {2}\/etc\/environment +took out what was added\n/),
    ]);
    expect(snapshot(root)).toEqual(before);
    expect((await trust('--root', root, '--remove')).stdout).toBe(
      'there is nothing to take back\n',
    );
  });

  it('takes the certificates of a file, without an authority of its own', async () => {
    const file = join(scratch, 'ca.pem');
    const { stdout } = await trust('--print', 'pem');
    await writeFile(file, `some words\n${stdout}`);
    expect((await trust('--ca', file, '--print', 'pem')).stdout).toBe(stdout);
    for (const [path, words] of [
      [join(scratch, 'missing.pem'), 'cannot be read (ENOENT)'],
      [scratch, 'is no file of certificates'],
      [join(root, 'etc/passwd'), 'holds no certificate'],
    ] as const) {
      const { exitCode, stderr } = await trust('--ca', path, '--check');
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`${path} ${words}`)]);
    }
  });

  it.each([
    [['--install', '--remove'], '--install and --remove do not go together'],
    [['--remove', '--client', 'npm'], '--remove takes back everything'],
    [['--client', 'npm,deno'], '--client: there is no "deno"'],
    [['--root', '/missing'], '/missing is no root file system'],
  ])('does not take %j', async (args, words) => {
    const { exitCode, stderr } = await trust(...args);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(words)]);
  });

  it('takes the authority that is there, and makes no other beside it', async () => {
    const config = join(scratch, 'mirror.json');
    const upstreams = ['https://npm.other.test/'];
    await writeFile(
      config,
      JSON.stringify({ registries: [{ name: 'other', hosts: ['npm.other.test'], upstreams }] }),
    );
    const { stdout } = await trust('--print', 'pem');
    for (const told of [
      ['--config', config],
      ['--host', 'npm.further.test'],
    ]) {
      const { exitCode, stderr } = await trust('--print', 'pem', ...told);
      expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/not for npm\.\w+\.test/)]);
      expect(stderr).toContain(join(home, 'authority'));
      expect(stderr).toContain('ashlar mirror serve');
    }
    expect(await readdir(join(home, 'authority'))).toEqual(['authority-0001.pem']);
    expect((await trust('--print', 'pem')).stdout).toBe(stdout);
  });

  it('refuses an authority that others can read, with the mend', async () => {
    const file = join(home, 'authority/authority-0001.pem');
    await mkdir(join(home, 'authority'), { recursive: true });
    await trust('--print', 'pem');
    await chmod(file, 0o644);
    const { exitCode, stdout, stderr } = await trust('--print', 'pem');
    expect([exitCode, stdout]).toEqual([6, '']);
    expect(stderr).toContain(
      `${file} has mode 0644: others can get at it\n  code: authority_unsafe; to act: the operator`,
    );
    expect(stderr).toContain(`chmod 600 ${file}`);
    expect(stderr).not.toContain((await readFile(file, 'latin1')).slice(-200, -100));
    await chmod(file, 0o600);
    expect((await trust('--print', 'pem')).exitCode).toBe(0);
  });
});
