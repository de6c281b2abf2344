import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { runChecked } from '../../../src/process/run-command.ts';
import { createTailBuffer } from '../../../src/process/tail-buffer.ts';
import type { MirrorStart, MirrorUnderTest } from './mirror-under-test.ts';

const ashlar = resolve(import.meta.dirname, '../../../bin/ashlar');
const url = 'http://127.0.0.1:4873/';
const startTimeoutMs = 30_000;
const endTimeoutMs = 10_000;

/** `ashlar mirror serve` on its usual port and on 443, with a home of its own. */
export async function startAshlarMirror(start: MirrorStart): Promise<MirrorUnderTest> {
  const { upstream, hosts, launch, directory } = start;
  const home = join(directory, 'home');
  await mkdir(home, { recursive: true });
  const env = { ...process.env, ASHLAR_HOME: home };
  const listen = ['--listen', '127.0.0.1:4873', '--tls-listen', '127.0.0.1:443'];
  const registry = ['--upstream', upstream, '--host', ...hosts.slice(1), '--log', 'json'];
  const [file = '', ...args] = launch([ashlar, 'mirror', 'serve', ...listen, ...registry]);
  const child = spawn(file, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  const lastWords = createTailBuffer(4096);
  child.stderr.on('data', lastWords.push);
  const ready = (async () => {
    for await (const line of createInterface(child.stderr)) {
      if (line.includes('"event":"ready"')) return;
    }
    throw new TypeError(`the mirror ended: ${lastWords.bytes().toString()}`);
  })();
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const inTime = exited.then(() => true);
    if (await Promise.race([inTime, pause(endTimeoutMs, false, { ref: false })])) return;
    child.kill('SIGKILL');
    await exited;
    throw new TypeError(`the mirror does not end: ${lastWords.bytes().toString().slice(-300)}`);
  };
  const timeout = once(AbortSignal.timeout(startTimeoutMs), 'abort').then(() => {
    throw new TypeError(`the mirror does not come up: ${lastWords.bytes().toString()}`);
  });
  try {
    await Promise.race([ready, timeout]);
  } catch (error) {
    await end();
    throw error;
  }
  // Reading lines has paused it; what is said is still to be taken.
  child.stderr.resume();
  return {
    url,
    caFile: await writeAuthority(join(home, 'authority'), join(directory, 'ca.pem')),
    async rewriteLockfile(lockfile) {
      await runChecked(ashlar, ['lockfile', 'rewrite', lockfile, '--mirror', url], { env });
    },
    [Symbol.asyncDispose]: end,
  };
}

/** The certificates alone, without the keys beside them. */
async function writeAuthority(directory: string, caFile: string): Promise<string> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.pem'));
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
  const blocks = /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----\n?/g;
  await writeFile(caFile, texts.flatMap((text) => text.match(blocks) ?? []).join('\n'));
  return caFile;
}
