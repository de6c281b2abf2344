import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { Launch } from '../../../support/npm-registry/registry-process.ts';

export const ashlarProgram = resolve(import.meta.dirname, '../../../../bin/ashlar');

/** `ashlar mirror serve` in a process of its own; disposing asks it to end, and fails where it does not. */
export interface MirrorProcess extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/`. */
  readonly url: string;
  readonly ready: ReadyLine;
  /** The environment that other commands need to use the same home. */
  readonly env: NodeJS.ProcessEnv;
  /** What it has said on stderr. */
  log(): string;
  /** Asks it to end, and gives its exit code; null where a signal ended it. */
  end(): Promise<number | null>;
  /** Ends it as a crash would, and resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP or SIGCONT. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
}

export interface ReadyLine {
  readonly http: Place;
  readonly tls: Place | null;
  readonly dns: Place | null;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

export interface MirrorProcessOptions {
  /** ASHLAR_HOME; made where it is missing. */
  readonly home: string;
  /** Written to a file that it is given with `--config`. */
  readonly config?: object;
  /** Default: a free port for plain http, and no TLS. */
  readonly listen?: readonly string[];
  /** Options besides. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Puts it elsewhere, as into a network namespace. */
  readonly launch?: Launch;
}

const serve = ['mirror', 'serve', '--log', 'json'];
const startTimeoutMs = 30_000;
const endTimeoutMs = 10_000;
const maxLogBytes = 64 * 1024 ** 2;

export async function startMirrorProcess(options: MirrorProcessOptions): Promise<MirrorProcess> {
  const { home, config, launch = (command) => command } = options;
  await mkdir(home, { recursive: true });
  const configFile = join(home, 'mirror.json');
  if (config !== undefined) await writeFile(configFile, JSON.stringify(config));
  const command = [
    ashlarProgram,
    ...serve,
    ...(options.listen ?? ['--listen', '127.0.0.1:0', '--no-tls']),
    ...(config === undefined ? [] : ['--config', configFile]),
    ...(options.args ?? []),
  ];
  const env = {
    ...process.env,
    ...options.env,
    ASHLAR_HOME: home,
    ASHLAR_STORE: join(home, 'store'),
  };
  // Ends with this process, also when that is killed.
  const bound = ['--pdeathsig', 'KILL', ...launch(command)];
  const child = spawn('setpriv', bound, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  const said: string[] = [];
  let saidBytes = 0;
  const ready = Promise.withResolvers<ReadyLine>();
  const lines = createInterface(child.stderr);
  lines.on('line', (line) => {
    saidBytes += line.length;
    if (saidBytes < maxLogBytes) said.push(line);
    if (line.includes('"event":"ready"')) ready.resolve(JSON.parse(line) as ReadyLine);
  });
  const log = (): string => said.join('\n');
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const kill = async (): Promise<void> => {
    if (!hasEnded()) child.kill('SIGKILL');
    await exited;
  };
  const late = pause(startTimeoutMs, undefined, { ref: false }).then(() => {
    throw new TypeError(`the mirror does not come up: ${log()}`);
  });
  const early = exited.then(() => {
    throw new TypeError(`the mirror ended: ${log()}`);
  });
  early.catch(() => {});
  try {
    const facts = await Promise.race([ready.promise, late, early]);
    return {
      url: `http://127.0.0.1:${facts.http.port}/`,
      ready: facts,
      env,
      log,
      kill,
      async end() {
        if (!hasEnded()) child.kill('SIGTERM');
        await exited;
        return child.exitCode;
      },
      signal: (signal) => void child.kill(signal),
      async [Symbol.asyncDispose]() {
        if (hasEnded()) return;
        child.kill('SIGTERM');
        const inTime = exited.then(() => true);
        if (await Promise.race([inTime, pause(endTimeoutMs, false, { ref: false })])) return;
        await kill();
        throw new TypeError(`the mirror does not end: ${log().slice(-600)}`);
      },
    };
  } catch (error) {
    await kill();
    throw error;
  }
}
