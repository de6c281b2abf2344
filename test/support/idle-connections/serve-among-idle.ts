import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { runCommand } from '../../../src/process/run-command.ts';
import { ask } from '../npm-registry/ask.ts';

const count = 10_000;
const raised = 'ulimit -n 12000 && exec "$0" "$@"';

/** Why this user cannot have so many connections; empty for one who can. */
export const idleReason =
  (await runCommand('sh', ['-c', 'ulimit -n 12000'])).exitCode === 0
    ? ''
    : ': this user may not have 12,000 open files';

/** What a server did for others while ten thousand connections were idle. */
export interface AmongIdle {
  /** How many more connections than those it tells of. */
  readonly others: number;
  /** The statuses of all answers. */
  readonly statuses: ReadonlySet<number>;
  readonly tookMs: number;
  readonly memoryMb: number;
}

/** Starts `ashlar` with these words, holds idle connections to it, and asks it for all these paths at once. */
export async function serveAmongIdle(
  words: readonly string[],
  { home, paths }: { readonly home: string; readonly paths: readonly string[] },
): Promise<AmongIdle> {
  await using stack = new AsyncDisposableStack();
  const env = { ...process.env, ASHLAR_HOME: home };
  const serving = start(
    stack,
    [resolve(import.meta.dirname, '../../../bin/ashlar'), ...words],
    env,
  );
  const ready = JSON.parse(await lineWith(serving.stderr, 'ready')) as { http: { port: number } };
  const { port } = ready.http;
  const url = `http://127.0.0.1:${port}`;
  const holder = join(import.meta.dirname, 'hold-idle.ts');
  const idle = start(stack, [process.execPath, holder, `${port}`, `${count}`], env);
  await lineWith(idle.stdout, 'open');
  const status = JSON.parse((await ask(`${url}/-/ashlar/status`)).body.toString()) as {
    readonly connections: number;
  };
  const beganMs = performance.now();
  const answers = await Promise.all(paths.map((path) => ask(url + path)));
  return {
    others: status.connections - count,
    statuses: new Set(answers.map((answer) => answer.status)),
    tookMs: performance.now() - beganMs,
    memoryMb: await memoryMb(serving),
  };
}

/** Ends with the test. */
function start(
  stack: AsyncDisposableStack,
  command: readonly string[],
  env: NodeJS.ProcessEnv,
): ChildProcess {
  const stdio = ['pipe', 'pipe', 'pipe'] as const;
  const child = spawn('sh', ['-c', raised, ...command], { stdio: [...stdio], env });
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
