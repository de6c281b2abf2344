import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { PrivateMachine } from './private-machine.ts';

/** A running daemon; disposed, it and its children have ended. */
export type Engine = AsyncDisposable;

export interface EngineOptions {
  readonly command: readonly string[];
  /** Found in a line of its stderr when it serves. */
  readonly ready: RegExp;
  /** Default 30 s. */
  readonly startTimeoutMs?: number;
}

const stopTimeoutMs = 15_000;

/** Starts a daemon inside; a string holds its last words when it ended, or was not ready in time. */
export async function startEngine(
  machine: PrivateMachine,
  { command, ready, startTimeoutMs = 30_000 }: EngineOptions,
): Promise<Engine | string> {
  const { file, args } = machine.argv(command);
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  // Not before its children have let go of stderr.
  const closed = once(child, 'close');
  const stop = async (): Promise<void> => {
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    child.kill('SIGTERM');
    await closed;
    clearTimeout(timer);
  };
  const said: string[] = [];
  const started = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => {
    said.push(`not in ${startTimeoutMs} ms`);
    started.resolve(false);
  }, startTimeoutMs);
  void closed.then(() => started.resolve(false));
  createInterface(child.stderr).on('line', (line) => {
    said.push(line);
    if (said.length > 20) said.shift();
    if (ready.test(line)) started.resolve(true);
  });
  const isReady = await started.promise;
  clearTimeout(timer);
  if (isReady) return { [Symbol.asyncDispose]: stop };
  await stop();
  return `${command[0]} does not start here: ${said.slice(-5).join(' | ')}`;
}
