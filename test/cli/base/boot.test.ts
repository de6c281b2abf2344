import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cli, createCli } from '../../cli-images/support/cli.ts';
import { bootObstacle } from '../../vm/support/root-disk.ts';
import type { CheckDocument } from './support/check-document.ts';
import { makeSudoRoot, whyNoSudo } from './support/sudo-root.ts';

const obstacles = [whyNoSudo, (await bootObstacle()) ?? ''];
const why = obstacles.filter((reason) => reason !== '').join(', ');
const directory = mkdtempSync(join(tmpdir(), 'ashlar-base-boot-'));
let cli: Cli;

beforeAll(() => {
  cli = createCli(join(directory, 'home'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe.skipIf(why !== '')(`base check in a machine ${why}`, () => {
  it('holds for an image that was set up, in two boots, one of them with its own init', async () => {
    const archive = makeSudoRoot(directory, {
      files: { 'etc/hostname': { content: 'quarry\n', mode: 0o644 } },
    });
    for (const args of [
      ['image', 'import', `tar:${archive}`, '-t', 'small:base', '--disk', '256M'],
      ['base', 'setup', 'small:base', '-t', 'small:up'],
    ]) {
      const { exitCode, stderr } = await cli.run(...args);
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    }
    const { exitCode, document } = await cli.json('base', 'check', 'small:up', '--on', 'boot');
    const { findings } = document as unknown as CheckDocument['document'];
    const seen = findings.map(({ check, status, evidence, reason }) => ({
      check,
      status,
      words: status === 'passed' ? '' : (reason ?? evidence.join('\n')),
    }));
    expect({ exitCode, seen }).toEqual({
      exitCode: 0,
      seen: [
        'machine-boots',
        'kernel-recent',
        'cgroup-2-mounts',
        'cgroup-1-for-old-systemd',
        'machine-clock',
        'machine-init',
        'agent-answers',
        'machine-sudo',
        'machine-own-init',
        'machine-hostname',
      ].map((check) =>
        check === 'cgroup-1-for-old-systemd'
          ? {
              check,
              status: 'not-applicable',
              words: expect.stringContaining('systemd before 233'),
            }
          : { check, status: 'passed', words: '' },
      ),
    });
    const evidenceOf = (id: string): unknown =>
      findings.find(({ check }) => check === id)?.evidence;
    expect(evidenceOf('machine-own-init')).toEqual(['init came up']);
    expect(evidenceOf('machine-hostname')).toEqual([
      'quarry, as /etc/hostname says; it is in /etc/hosts',
    ]);
  });

  it('has its name in an ordinary boot too', async () => {
    const script = 'read -r name </proc/sys/kernel/hostname; echo "$name"';
    const { stdout } = await cli.run('boot', 'small:up', '--', '/bin/sh', '-c', script);
    expect(stdout.toString()).toBe('quarry\n');
  });

  it('and `boot --init image` runs a command there', async () => {
    const script = 'read -r name </proc/sys/kernel/hostname; echo "$name"; exit 4';
    const command = ['/bin/sh', '-c', script];
    const result = await cli.run('boot', 'small:up', '--init', 'image', '--', ...command);
    expect(result).toMatchObject({ exitCode: 4, stderr: '' });
    expect(result.stdout.toString()).toBe('quarry\n');
  });
});
