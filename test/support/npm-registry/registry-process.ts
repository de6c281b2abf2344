import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { RecordedRegistry, RecordedRegistryOptions } from './recorded-registry.ts';

/** Messages between the process of a registry and the one that started it. */
export interface RegistryCall {
  readonly id: number;
  readonly method: RegistryMethod;
  readonly args: readonly unknown[];
}
export type RegistryReply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };
export type RegistryMethod = Exclude<keyof RecordedRegistry, 'url' | 'port' | symbol>;

/** Puts what makes a command run elsewhere, as in a network namespace, before it. */
export type Launch = (command: readonly string[]) => readonly string[];

const startTimeoutMs = 240_000;

/** As `startRecordedRegistry`, in a process of its own, which ends with this one. */
export async function startRegistryProcess(
  options: RecordedRegistryOptions,
  launch: Launch = (command) => command,
): Promise<RecordedRegistry> {
  const main = join(import.meta.dirname, 'main.ts');
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
    exited.then(([code]) => Promise.reject(new TypeError(`the registry ended with ${code}`))),
  ])) as [{ readonly url: string; readonly port: number }];
  const call = callsOf(child);
  return {
    ...started,
    counts: () => call('counts') as ReturnType<RecordedRegistry['counts']>,
    recorded: () => call('recorded') as ReturnType<RecordedRegistry['recorded']>,
    resetCounts: async () => void (await call('resetCounts')),
    setFaults: async (rules) => void (await call('setFaults', rules)),
    setLatency: async (latencyMs) => void (await call('setLatency', latencyMs)),
    outage: async (how) => void (await call('outage', how)),
    restore: async () => void (await call('restore')),
    put: async (description) => void (await call('put', description)),
    remove: async (name) => void (await call('remove', name)),
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

function callsOf(
  child: ChildProcess,
): (method: RegistryMethod, ...args: unknown[]) => Promise<unknown> {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let lastId = 0;
  child.on('message', (reply: RegistryReply) => {
    const call = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ('error' in reply) call?.reject(new TypeError(reply.error));
    else call?.resolve(reply.result);
  });
  child.once('exit', () => {
    for (const call of waiting.values()) call.reject(new TypeError('the registry has ended'));
  });
  return (method, ...args) => {
    lastId += 1;
    const call = Promise.withResolvers<unknown>();
    waiting.set(lastId, call);
    child.send({ id: lastId, method, args } satisfies RegistryCall);
    return call.promise;
  };
}
