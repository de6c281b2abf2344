import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCommand } from '../../../src/process/run-command.ts';
import { scratchDir } from '../../support/scratch.ts';
import { ashlarProgram, startMirrorProcess } from '../processes/support/mirror-process.ts';

const scratch = scratchDir('mirror-env');
const listen = ['--listen', '127.0.0.1:0', '--tls-listen', '127.0.0.1:0'];
const upstreams = ['http://127.0.0.1:9/'];
const config = {
  registries: [{ name: 'acme', hosts: ['npm.acme.test', 'second.acme.test:8443'], upstreams }],
};

async function mirrorEnv(home: string, ...args: readonly string[]) {
  const env = { ...process.env, ASHLAR_HOME: home, ASHLAR_STORE: join(home, 'store') };
  const command = ['mirror', 'env', '--output', 'json', ...args];
  const ended = await runCommand(ashlarProgram, command, { env, timeoutMs: 60_000 });
  return { ...ended, stdout: ended.stdout.toString(), stderr: ended.stderr.toString() };
}

it('tells of the hosts and the authority of the mirror that runs, whatever it was told', async () => {
  const home = join(scratch, 'running');
  const file = join(home, 'mirror.json');
  await using mirror = await startMirrorProcess({ home, config, listen });
  expect(mirror.ready.tls).not.toBeNull();
  const before = await readdir(join(home, 'authority'));
  for (const args of [[], ['--config', file]]) {
    const { exitCode, stdout } = await mirrorEnv(home, ...args);
    expect(exitCode).toBe(0);
    const { hosts, environment } = JSON.parse(stdout) as {
      hosts: string[];
      environment: Record<string, string>;
    };
    expect(hosts.toSorted()).toEqual(['127.0.0.1 npm.acme.test', '127.0.0.1 second.acme.test']);
    const ca = await readFile(environment['NODE_EXTRA_CA_CERTS'] ?? '', 'utf8');
    expect(ca.match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
  }
  const mismatch = await mirrorEnv(home, '--config', file, '--host', 'third.acme.test');
  expect([mismatch.exitCode, mismatch.stdout]).toEqual([
    2,
    expect.stringMatching(/is for npm\.acme\.test.*not for third\.acme\.test/),
  ]);
  expect(await readdir(join(home, 'authority'))).toEqual(before);
});

it('before the mirror runs it makes the authority that the mirror will show', async () => {
  const home = join(scratch, 'before');
  const file = join(scratch, 'before.json');
  await writeFile(file, JSON.stringify(config));
  const first = await mirrorEnv(home, '--config', file, '--host', 'third.acme.test');
  expect([first.exitCode, first.stdout]).toEqual([0, expect.stringContaining('third.acme.test')]);
  const args = ['--host', 'third.acme.test'];
  await using mirror = await startMirrorProcess({ home, config, listen, args });
  expect(mirror.ready.tls).not.toBeNull();
  expect(await readdir(join(home, 'authority'))).toEqual(['authority-0001.pem']);
});

it('says whose hosts they are, where the lines belong, and what the variables do not do', async () => {
  const home = join(scratch, 'remarks');
  const file = join(scratch, 'remarks.json');
  await writeFile(file, JSON.stringify(config));
  const remarks = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await mirrorEnv(home, ...args);
    return (JSON.parse(stdout) as { remarks: string[] }).remarks.join('\n');
  };
  const told = await remarks('--config', file, '--address', '192.0.2.1');
  expect(told).toMatch(/not of the mirror's own/);
  expect(told).toContain('cafile');
  expect(told).not.toMatch(/newest authority|each machine itself/);
  const untold = await remarks();
  expect(untold).toMatch(/newest authority in .*: npm\.acme\.test.*--config and --host/);
  expect(untold).toContain('127.0.0.1 is each machine itself');
});

it('who is told of the mirror by its address needs no authority', async () => {
  const home = join(scratch, 'registry');
  const { exitCode, stdout } = await mirrorEnv(home, '--way', 'registry', '--port', '4999');
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('http://127.0.0.1:4999/')]);
  await expect(readdir(join(home, 'authority'))).rejects.toThrow('ENOENT');
});
