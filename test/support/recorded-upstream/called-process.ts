import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Puts what makes a command run elsewhere, as in a network namespace, before it. */
export type Launch = (command: readonly string[]) => readonly string[];

/** A process that says what it has started and does what is called there, until its starter ends. All of it is JSON. */
export interface CalledProcess<Started> extends AsyncDisposable {
  readonly started: Started;
  readonly call: (method: string, ...args: readonly unknown[]) => Promise<unknown>;
}

interface Call {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}
type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };

const startTimeoutMs = 240_000;

/** Runs `node MAIN --options JSON`; the file ends in `answerCalls`. Its complaints come to this process's stderr. */
export async function startCalledProcess<Started>(
  main: string,
  options: unknown,
  launch: Launch = (command) => command,
): Promise<CalledProcess<Started>> {
  const [file = '', ...args] = launch([
    process.execPath,
    main,
    '--options',
    JSON.stringify(options),
  ]);
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  const [started] = (await Promise.race([
    once(child, 'message', { signal: AbortSignal.timeout(startTimeoutMs) }),
    exited.then(([code]) => Promise.reject(new TypeError(`${main} ended with ${code}`))),
  ])) as [Started];
  return {
    started,
    call: callsOf(child),
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

function callsOf(child: ChildProcess): CalledProcess<unknown>['call'] {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let lastId = 0;
  child.on('message', (reply: Reply) => {
    const call = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ('error' in reply) call?.reject(new TypeError(reply.error));
    else call?.resolve(reply.result);
  });
  child.once('exit', () => {
    for (const call of waiting.values()) call.reject(new TypeError('the process has ended'));
  });
  return (method, ...args) => {
    lastId += 1;
    const call = Promise.withResolvers<unknown>();
    waiting.set(lastId, call);
    child.send({ id: lastId, method, args } satisfies Call);
    return call.promise;
  };
}

export interface Callable<Started extends { readonly url: string }> {
  readonly started: Started;
  readonly target: AsyncDisposable;
}

/**
 * The other end: says what was started and calls methods of `target`, until the channel closes. Without a channel it
 * prints the URL and runs until SIGTERM or SIGINT.
 */
export function answerCalls<Started extends { readonly url: string }>({
  started,
  target,
}: Callable<Started>): void {
  const end = (): void => void target[Symbol.asyncDispose]().then(() => process.exit(0));
  const methods = target as unknown as Record<string, (...args: readonly unknown[]) => unknown>;
  const answer = async ({ id, method, args }: Call): Promise<void> => {
    let reply: Reply;
    try {
      reply = { id, result: (await methods[method]?.(...args)) ?? null };
    } catch (error) {
      reply = { id, error: String(error) };
    }
    process.send?.(reply);
  };
  if (process.send === undefined) {
    process.stdout.write(`${started.url}\n`);
  } else {
    process.on('message', (call: Call) => void answer(call));
    process.once('disconnect', end);
    process.send(started);
  }
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
}
