import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { Launch } from './recorded-upstream/called-process.ts';

export const ashlarProgram = resolve(import.meta.dirname, '../../bin/ashlar');

/** A command of `ashlar` that serves, in a process of its own; disposing asks it to end, and fails where it does not. */
export interface ServingProcess extends AsyncDisposable {
  readonly ready: ReadyLine;
  /** What it has said on stderr. */
  log(): string;
  /** Asks it to end, and gives its exit code; null where a signal ended it. */
  end(): Promise<number | null>;
  /** Ends it as a crash would, and resolves when it is gone. */
  kill(): Promise<void>;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
}

/** Where it listens, as it says when it does. */
export interface ReadyLine {
  readonly http: Place;
  readonly tls: Place | null;
  readonly dns: Place | null;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

export interface ServingOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Makes it run elsewhere, as in a network namespace. */
  readonly launch?: Launch | undefined;
}

const startTimeoutMs = 30_000;
const endTimeoutMs = 10_000;
const maxLogBytes = 64 * 1024 ** 2;

/** `args`: the command and its options, with `--log json` among them. Resolves when it serves. */
export async function startServing(
  args: readonly string[],
  { env, launch = (command) => command }: ServingOptions,
): Promise<ServingProcess> {
  // Ends with this process, also when that is killed.
  const bound = ['--pdeathsig', 'KILL', ...launch([ashlarProgram, ...args])];
  const child = spawn('setpriv', bound, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  const said: string[] = [];
  let saidBytes = 0;
  const ready = Promise.withResolvers<ReadyLine>();
  createInterface(child.stderr).on('line', (line) => {
    saidBytes += line.length;
    if (saidBytes < maxLogBytes) said.push(line);
    if (line.includes('"event":"ready"')) ready.resolve(JSON.parse(line) as ReadyLine);
  });
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const ask = (signal: NodeJS.Signals): void => void (hasEnded() || child.kill(signal));
  const kill = async (): Promise<void> => {
    ask('SIGKILL');
    await exited;
  };
  const failed = (problem: string) => (): never => {
    throw new TypeError(`${args[0]} ${problem}: ${said.slice(-20).join('\n')}`);
  };
  const early = exited.then(failed('ended'));
  early.catch(() => {});
  const late = pause(startTimeoutMs, undefined, { ref: false }).then(failed('does not come up'));
  late.catch(() => {});
  try {
    return {
      ready: await Promise.race([ready.promise, late, early]),
      log: () => said.join('\n'),
      kill,
      async end() {
        ask('SIGTERM');
        await exited;
        return child.exitCode;
      },
      signal: ask,
      async [Symbol.asyncDispose]() {
        if (hasEnded()) return;
        ask('SIGTERM');
        const inTime = exited.then(() => true);
        if (await Promise.race([inTime, pause(endTimeoutMs, false, { ref: false })])) return;
        await kill();
        failed('does not end')();
      },
    };
  } catch (error) {
    await kill();
    throw error;
  }
}
