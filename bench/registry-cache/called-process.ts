import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { abortable, AshlarError } from '../../src/index.ts';
import type { BenchContext } from '../benchmark.ts';

/** A process that says over its channel what it has started, and does what is called there until the channel ends. */
export interface CalledProcess<Started> extends AsyncDisposable {
  readonly pid: number;
  readonly started: Started;
  /** Throws `internal` when it fails there, or is not done in `callTimeoutMs`. */
  readonly call: (method: string, ...args: readonly unknown[]) => Promise<unknown>;
}

export interface CalledProgram {
  /** Ends in `answerCalls` of the tests' support. */
  readonly main: string;
  /** Given as `--options JSON`. */
  readonly options: unknown;
  readonly callTimeoutMs: number;
}

const startTimeoutMs = 60_000;
const endTimeoutMs = 10_000;

export async function startCalledProcess<Started>(
  { signal }: BenchContext,
  { main, options, callTimeoutMs }: CalledProgram,
): Promise<CalledProcess<Started>> {
  const argv = [main, '--options', JSON.stringify(options)];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const name = basename(main);
  const exited = once(child, 'exit');
  try {
    const greeting = once(child, 'message') as Promise<[Started]>;
    const refusal = exited.then(() => Promise.reject(new AshlarError('internal', `no ${name}`)));
    const [started] = await timely(Promise.race([greeting, refusal]), {
      signal,
      timeoutMs: startTimeoutMs,
      what: `the start of ${name}`,
    });
    const call = callsOf(child, name);
    return {
      pid: child.pid ?? 0,
      started,
      call: (method, ...args) =>
        timely(call(method, args), { signal, timeoutMs: callTimeoutMs, what: `${name} ${method}` }),
      [Symbol.asyncDispose]: () => end(child, exited),
    };
  } catch (error) {
    await end(child, exited);
    throw error;
  }
}

interface Patience {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly what: string;
}

async function timely<T>(promise: Promise<T>, { signal, timeoutMs, what }: Patience): Promise<T> {
  const expired = new AbortController();
  const late = new AshlarError('internal', `${what} was not done in ${timeoutMs / 1000} s`);
  const timer = setTimeout(() => expired.abort(late), timeoutMs);
  try {
    return await abortable(promise, AbortSignal.any([signal, expired.signal]));
  } finally {
    clearTimeout(timer);
  }
}

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

function callsOf(
  child: ChildProcess,
  name: string,
): (method: string, args: readonly unknown[]) => Promise<unknown> {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  child.on('message', ({ id, result, error }: Reply) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) call?.resolve(result);
    else call?.reject(new AshlarError('internal', `${name}: ${error}`));
  });
  child.once('exit', () => {
    for (const { reject } of waiting.values())
      reject(new AshlarError('internal', `${name} has ended`));
  });
  let lastId = 0;
  return (method, args) => {
    lastId += 1;
    const call = Promise.withResolvers<unknown>();
    waiting.set(lastId, call);
    child.send({ id: lastId, method, args });
    return call.promise;
  };
}

/** The end of its channel tells it to end; what does not in time is killed. */
async function end(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs);
  await exited;
  clearTimeout(timer);
}
