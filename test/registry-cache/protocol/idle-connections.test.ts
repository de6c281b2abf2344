import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { runCommand } from '../../../src/process/run-command.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { startRecordedOciRegistry } from '../../support/oci-registry/recorded-oci-registry.ts';
import { scratchDir } from '../../support/scratch.ts';

const count = 10_000;
const raised = 'ulimit -n 12000 && exec "$0" "$@"';
const mayRaise = (await runCommand('sh', ['-c', 'ulimit -n 12000'])).exitCode === 0;
const reason = mayRaise ? '' : ': this user may not have 12,000 open files';
const scratch = scratchDir('cache-idle');

it.skipIf(!mayRaise)(`ten thousand idle connections keep nobody out${reason}`, async () => {
  await using registry = await startRecordedOciRegistry({
    contents: [{ repository: 'team/app', images: [{ layerBytes: [50_000] }] }],
  });
  const { blobs } = await registry.facts('team/app', 'latest');
  await using stack = new AsyncDisposableStack();
  const ashlar = resolve(import.meta.dirname, '../../../bin/ashlar');
  const serving = start(stack, [
    ashlar,
    ...'registry-cache serve --listen 127.0.0.1:0 --log json --upstream'.split(' '),
    `registry.test=${registry.url}`,
  ]);
  const ready = JSON.parse(await lineWith(serving.stderr, 'ready')) as { http: { port: number } };
  const { port } = ready.http;
  const url = `http://127.0.0.1:${port}`;
  const idle = start(stack, [
    process.execPath,
    resolve(import.meta.dirname, '../../mirror/server/idle-connections.ts'),
    `${port}`,
    `${count}`,
  ]);
  await lineWith(idle.stdout, 'open');
  const status = await ask(`${url}/-/ashlar/status`);
  expect(JSON.parse(status.body.toString())).toMatchObject({ connections: count + 1 });
  const beganMs = performance.now();
  const paths = ['manifests/latest', ...blobs.map(({ digest }) => `blobs/${digest}`)];
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, at) =>
      ask(`${url}/v2/registry.test/team/app/${paths[at % paths.length]}`),
    ),
  );
  expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
  expect(performance.now() - beganMs).toBeLessThan(5_000);
  expect(await memoryMb(serving)).toBeLessThan(400);
});

/** Ends with the test. */
function start(stack: AsyncDisposableStack, command: readonly string[]): ChildProcess {
  const child = spawn('sh', ['-c', raised, ...command], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ASHLAR_HOME: scratch },
  });
  const exited = once(child, 'exit');
  stack.defer(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return child;
}

async function lineWith(source: ChildProcess['stdout'], word: string): Promise<string> {
  if (source === null) throw new TypeError('nothing to read');
  const lines = createInterface(source);
  const signal = AbortSignal.timeout(60_000);
  for (;;) {
    const [line] = (await once(lines, 'line', { signal })) as [string];
    if (line.includes(word)) return line;
  }
}

async function memoryMb({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}
