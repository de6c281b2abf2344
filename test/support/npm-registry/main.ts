/**
 * A recorded registry as a process: `node main.ts --options JSON`, the options of `startRecordedRegistry`. Says its
 * address over the channel to the process that started it and does what is called there, until the channel closes;
 * without one it prints the address and runs until SIGTERM or SIGINT.
 */
import { parseArgs } from 'node:util';
import { type RecordedRegistryOptions, startRecordedRegistry } from './recorded-registry.ts';
import type { RegistryCall, RegistryMethod, RegistryReply } from './registry-process.ts';

const { values } = parseArgs({ options: { options: { type: 'string', default: '{}' } } });
const registry = await startRecordedRegistry(JSON.parse(values.options) as RecordedRegistryOptions);
const end = (): void => void registry[Symbol.asyncDispose]().then(() => process.exit(0));

if (process.send === undefined) {
  process.stdout.write(`${registry.url}\n`);
} else {
  process.on('message', (call: RegistryCall) => void answer(call));
  process.once('disconnect', end);
  process.send({ url: registry.url, port: registry.port });
}
process.once('SIGTERM', end);
process.once('SIGINT', end);

async function answer({ id, method, args }: RegistryCall): Promise<void> {
  const methods = registry as unknown as Record<
    RegistryMethod,
    (...args: readonly unknown[]) => unknown
  >;
  let reply: RegistryReply;
  try {
    reply = { id, result: (await methods[method](...args)) ?? null };
  } catch (error) {
    reply = { id, error: String(error) };
  }
  process.send?.(reply);
}
