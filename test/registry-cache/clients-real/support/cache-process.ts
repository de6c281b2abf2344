import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

export const ashlarProgram = resolve(import.meta.dirname, '../../../../bin/ashlar');

/** `ashlar registry-cache serve` in a process of its own; disposing asks it to end, and fails where it does not. */
export interface CacheProcess extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  /** The environment that other commands need to use the same home. */
  readonly env: NodeJS.ProcessEnv;
  /** What it has said on stderr. */
  log(): string;
  /** Ends it as a crash would, and resolves when it is gone. */
  kill(): Promise<void>;
}

export interface CacheProcessOptions {
  /** ASHLAR_HOME; made where it is missing. */
  readonly home: string;
  /** Written to a file that it is given with `--config`. */
  readonly config?: object;
  /** Options besides; default: a free port. */
  readonly args?: readonly string[];
  readonly listen?: string;
}

const startTimeoutMs = 30_000;
const endTimeoutMs = 10_000;

export async function startCacheProcess(options: CacheProcessOptions): Promise<CacheProcess> {
  const { home, config, args = [], listen = '127.0.0.1:0' } = options;
  await mkdir(home, { recursive: true });
  const flags = ['--log', 'json', '--listen', listen, ...args];
  if (config !== undefined) {
    const file = join(home, 'registry-cache.json');
    await writeFile(file, JSON.stringify(config));
    flags.push('--config', file);
  }
  const env = { ...process.env, ASHLAR_HOME: home, ASHLAR_STORE: '', ASHLAR_REGISTRY_CACHE: '' };
  // Ends with this process, also when that is killed.
  const command = ['--pdeathsig', 'KILL', ashlarProgram, 'registry-cache', 'serve', ...flags];
  const child = spawn('setpriv', command, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  const said: string[] = [];
  const ready = Promise.withResolvers<{ readonly http: { readonly port: number } }>();
  createInterface(child.stderr).on('line', (line) => {
    said.push(line);
    if (line.includes('"event":"ready"')) ready.resolve(JSON.parse(line));
  });
  const log = (): string => said.join('\n');
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const kill = async (): Promise<void> => {
    if (!hasEnded()) child.kill('SIGKILL');
    await exited;
  };
  const late = pause(startTimeoutMs, undefined, { ref: false }).then(() => {
    throw new TypeError(`the cache does not come up: ${log()}`);
  });
  const early = exited.then(() => {
    throw new TypeError(`the cache ended: ${log()}`);
  });
  early.catch(() => {});
  try {
    const { port } = (await Promise.race([ready.promise, late, early])).http;
    return {
      url: `http://127.0.0.1:${port}`,
      port,
      env,
      log,
      kill,
      async [Symbol.asyncDispose]() {
        if (hasEnded()) return;
        child.kill('SIGTERM');
        const inTime = exited.then(() => true);
        if (await Promise.race([inTime, pause(endTimeoutMs, false, { ref: false })])) return;
        await kill();
        throw new TypeError(`the cache does not end: ${log().slice(-600)}`);
      },
    };
  } catch (error) {
    await kill();
    throw error;
  }
}
