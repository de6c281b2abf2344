import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createPolicy, loadMirrorConfig } from '../../../mirror/index.ts';
import { scratchDir } from '../../support/scratch.ts';

const ashlar = resolve(import.meta.dirname, '../../../bin/ashlar');
const scratch = scratchDir('mirror-start');
const free = ['--listen', '127.0.0.1:0', '--tls-listen', '127.0.0.1:0'];
const upstream = ['--upstream', 'http://127.0.0.1:9/'];

describe('what a mirror does not start with', () => {
  it('a port that is in use: exit code 6, and the address', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const ended = await serve('port', ['--listen', `127.0.0.1:${port}`, '--no-tls', ...upstream]);
    other.close();
    expect(ended.code).toBe(6);
    expect(ended.stderr).toContain(`127.0.0.1:${port}`);
  });

  it('a key of the authority that others can read: exit code 6, and the mend', async () => {
    const first = await serve('key', [...free, ...upstream]);
    expect(first.code).toBe(0);
    const directory = join(scratch, 'key', 'authority');
    const [file = ''] = readdirSync(directory).filter((name) => name.endsWith('.pem'));
    chmodSync(join(directory, file), 0o644);
    const second = await serve('key', [...free, ...upstream]);
    expect(second.code).toBe(6);
    expect(second.stderr).toContain(join(directory, file));
    expect(second.stderr).toMatch(/chmod 600/);
    chmodSync(join(directory, file), 0o600);
    expect((await serve('key', [...free, ...upstream])).code).toBe(0);
  });

  it.each([
    ['is no JSON', '{"registries": [', /mirror\.json/],
    ['has an unknown field', '{"maxAge": 1}', /maxAge/],
    ['has an upstream that is no address', registries({ upstreams: ['npm'] }), /upstreams/],
    ['has a credential in an upstream', registries({ upstreams: ['http://:pw@a.test/'] }), /cred/],
    ['binds a scope to nothing', '{"scopes": {"@a": "none"}}', /scopes\.@a.*none/],
    ['has a host twice', twice(), /both have the host/],
    [
      'trusts what is no proxy',
      '{"trustedProxies": ["::1", "10.0.0.0/99"]}',
      /mirror\.json.*no network.*\s.*trustedProxies\[1\]/,
    ],
    [
      'has a query in an upstream',
      registries({ upstreams: ['http://127.0.0.1:9/?a=b'] }),
      /mirror\.json.*query or a fragment.*\s.*registries\[0\]\.upstreams\[0\]/,
    ],
    [
      'has a fragment in an upstream',
      registries({ upstreams: ['http://127.0.0.1:9/#a'] }),
      /mirror\.json.*query or a fragment/,
    ],
    ['has a bad list', '{"policy": {"deny": ["@@"]}}', /mirror\.json.*deny/],
    [
      'names advisories that are not there',
      '{"policy": {"advisories": "/absent.json"}}',
      /mirror\.json: policy\.advisories: \/absent\.json/,
    ],
  ])('a configuration that %s: the file and the place', async (_what, text, words) => {
    const file = join(scratch, 'mirror.json');
    writeFileSync(file, text);
    const ended = await serve('config', ['--config', file, '--listen', '127.0.0.1:0', '--no-tls']);
    expect([2, 6]).toContain(ended.code);
    expect(ended.stderr).not.toContain('option or environment variable');
    expect(ended.stderr).toMatch(words);
    expect(ended.stderr).not.toContain('pw@');
  });

  it('the configuration that README.md shows', async () => {
    const readme = await readFile(join(import.meta.dirname, '../../../README.md'), 'utf8');
    const [, text = ''] = /^ {4}(\{ "registries": [^]*?"policy": .*\})$/m.exec(readme) ?? [];
    const file = join(scratch, 'shown.json');
    writeFileSync(file, text);
    const config = await loadMirrorConfig(file, { upstreams: [], hosts: [] });
    const { advisories, ...rules } = config.policy;
    expect([config.registries.length, advisories]).toEqual([2, null]);
    expect(createPolicy(rules).isActive).toBe(true);
  });

  it('a configuration that is not there', async () => {
    const ended = await serve('absent', ['--config', '/absent.json', '--no-tls']);
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('/absent.json') });
  });
});

function registries(more: object): string {
  const one = { name: 'npm', hosts: ['registry.npm.test'], ...more };
  return JSON.stringify({ registries: [one] });
}

function twice(): string {
  const upstreams = ['http://127.0.0.1:9/'];
  const one = { hosts: ['registry.npm.test'], upstreams };
  return JSON.stringify({
    registries: [
      { name: 'a', ...one },
      { name: 'b', ...one },
    ],
  });
}

/** Serves until it says that it is ready, and is then told to end; or ends by itself. */
async function serve(
  home: string,
  args: readonly string[],
): Promise<{ code: number; stderr: string }> {
  const env = { ...process.env, ASHLAR_HOME: join(scratch, home) };
  const child = spawn(ashlar, ['mirror', 'serve', ...args, '--log', 'json'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  const reading = (async () => {
    for await (const line of createInterface(child.stderr)) {
      lines.push(line);
      if (line.includes('"event":"ready"')) child.kill('SIGTERM');
    }
  })();
  const code = await Promise.race([exited.then(([status]) => status as number), ended(child)]);
  await reading;
  return { code, stderr: lines.join('\n') };
}

async function ended(child: ChildProcess): Promise<never> {
  await pause(30_000, undefined, { ref: false });
  child.kill('SIGKILL');
  throw new TypeError('the mirror neither starts nor ends');
}
