import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { type CommandResult, runCommand } from '../../../src/process/run-command.ts';
import { registryName } from './test-cache.ts';

export const ashlarProgram = resolve(import.meta.dirname, '../../../bin/ashlar');

/** `ashlar registry-cache serve` in a process of its own; disposing asks it to end, and fails where it does not. */
export interface CacheProcess extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Ends it as a crash would, and resolves when it is gone. */
  kill(): Promise<void>;
}

export interface CacheCommandOptions {
  /** ASHLAR_HOME. */
  readonly home: string;
  /** Where the registry of the tests is fetched; it is the root. */
  readonly upstream: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Another command of the cache, on the same home. */
export async function runCacheCommand(
  command: string,
  options: CacheCommandOptions,
): Promise<CommandResult> {
  const args = [command, ...(await commonArgs(options)), ...(options.args ?? [])];
  return runCommand(ashlarProgram, ['registry-cache', ...args], {
    env: envOf(options),
    timeoutMs: 60_000,
  });
}

export async function startCacheProcess(options: CacheCommandOptions): Promise<CacheProcess> {
  const listen = ['--listen', '127.0.0.1:0', '--log', 'json'];
  const serve = ['registry-cache', 'serve', ...listen, ...(await commonArgs(options))];
  const command = [ashlarProgram, ...serve, ...(options.args ?? [])];
  // Ends with this process, also when that is killed.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
    env: envOf(options),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  const said: string[] = [];
  const ready = Promise.withResolvers<number>();
  createInterface(child.stderr).on('line', (line) => {
    said.push(line);
    if (!line.includes('"event":"ready"')) return;
    ready.resolve((JSON.parse(line) as { http: { port: number } }).http.port);
  });
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const kill = async (): Promise<void> => {
    if (!hasEnded()) child.kill('SIGKILL');
    await exited;
  };
  const failed = (problem: string) => (): never => {
    throw new TypeError(`the cache ${problem}: ${said.slice(-20).join('\n')}`);
  };
  const early = exited.then(failed('ended'));
  early.catch(() => {});
  const late = pause(30_000, undefined, { ref: false }).then(failed('does not come up'));
  late.catch(() => {});
  try {
    const port = await Promise.race([ready.promise, early, late]);
    return {
      url: `http://127.0.0.1:${port}`,
      kill,
      async [Symbol.asyncDispose]() {
        if (hasEnded()) return;
        child.kill('SIGTERM');
        const inTime = exited.then(() => true);
        if (await Promise.race([inTime, pause(10_000, false, { ref: false })])) return;
        await kill();
        failed('does not end')();
      },
    };
  } catch (error) {
    await kill();
    throw error;
  }
}

async function commonArgs({ home, upstream }: CacheCommandOptions): Promise<string[]> {
  await mkdir(home, { recursive: true });
  const file = join(home, 'registry-cache-test.json');
  const registries = [{ name: registryName, endpoints: [upstream] }];
  await writeFile(file, JSON.stringify({ registries, root: registryName, onlyStated: true }));
  return ['--config', file];
}

function envOf({ home, env }: CacheCommandOptions): NodeJS.ProcessEnv {
  return { ...process.env, ...env, ASHLAR_HOME: home, ASHLAR_STORE: join(home, 'store') };
}
