import { join } from 'node:path';
import { type Launch, startCalledProcess } from '../recorded-upstream/called-process.ts';
import type { RecordedRegistry, RecordedRegistryOptions } from './recorded-registry.ts';

export type { Launch } from '../recorded-upstream/called-process.ts';

type RegistryMethod = Exclude<keyof RecordedRegistry, 'url' | 'port' | symbol>;

/** As `startRecordedRegistry`, in a process of its own, which ends with this one. */
export async function startRegistryProcess(
  options: RecordedRegistryOptions,
  launch?: Launch,
): Promise<RecordedRegistry> {
  const main = join(import.meta.dirname, 'main.ts');
  const child = await startCalledProcess<Pick<RecordedRegistry, 'url' | 'port'>>(
    main,
    options,
    launch,
  );
  const call = (method: RegistryMethod, ...args: unknown[]): Promise<unknown> =>
    child.call(method, ...args);
  return {
    ...child.started,
    counts: () => call('counts') as ReturnType<RecordedRegistry['counts']>,
    recorded: () => call('recorded') as ReturnType<RecordedRegistry['recorded']>,
    resetCounts: async () => void (await call('resetCounts')),
    setFaults: async (rules) => void (await call('setFaults', rules)),
    setLatency: async (latencyMs) => void (await call('setLatency', latencyMs)),
    outage: async (how) => void (await call('outage', how)),
    restore: async () => void (await call('restore')),
    put: async (description) => void (await call('put', description)),
    remove: async (name) => void (await call('remove', name)),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
