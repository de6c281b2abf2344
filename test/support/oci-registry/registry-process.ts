import { join } from 'node:path';
import { type Launch, startCalledProcess } from '../recorded-upstream/called-process.ts';
import type { RecordedOciRegistry } from './recorded-oci-registry.ts';
import type { RecordedOciOptions } from './registry-options.ts';

type Addresses = Pick<RecordedOciRegistry, 'url' | 'host' | 'port' | 'cdnUrl' | 'tokenUrl'>;
type Method = Exclude<keyof RecordedOciRegistry, keyof Addresses | symbol>;

/** As `startRecordedOciRegistry`, in a process of its own, which ends with this one. */
export async function startOciRegistryProcess(
  options: RecordedOciOptions = {},
  launch?: Launch,
): Promise<RecordedOciRegistry> {
  const { contents = [], ...started } = options;
  const main = join(import.meta.dirname, 'main.ts');
  const child = await startCalledProcess<Addresses>(main, started, launch);
  const call = (method: Method, ...args: unknown[]): Promise<unknown> =>
    child.call(method, ...args);
  const registry: RecordedOciRegistry = {
    ...child.started,
    counts: () => call('counts') as ReturnType<RecordedOciRegistry['counts']>,
    facts: (...args) => call('facts', ...args) as ReturnType<RecordedOciRegistry['facts']>,
    resetCounts: async () => void (await call('resetCounts')),
    change: async (settings) => void (await call('change', settings)),
    put: async (content) => void (await call('put', content)),
    retag: async (change) => void (await call('retag', change)),
    remove: async (removal) => void (await call('remove', removal)),
    revokeTokens: async (...args) => void (await call('revokeTokens', ...args)),
    outage: async (...args) => void (await call('outage', ...args)),
    restore: async () => void (await call('restore')),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
  // These may be longer than an argument can be.
  for (const content of contents) await registry.put(content);
  return registry;
}
