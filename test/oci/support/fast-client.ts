import {
  createRegistryClient,
  type RegistryClient,
} from '../../../src/oci/registry/registry-client.ts';
import type { RegistryClientOptions } from '../../../src/oci/registry/client-context.ts';

export interface FastClient extends RegistryClient {
  /** How long it would have slept, each time. */
  readonly sleptMs: readonly number[];
}

/** A client without credentials and proxies from outside, which notes its waits instead of waiting. */
export function fastClient(options: RegistryClientOptions = {}): FastClient {
  const sleptMs: number[] = [];
  const client = createRegistryClient({
    env: {},
    credentials: async () => ({ credential: null, problem: null }),
    timeouts: { connectMs: 10_000, headersMs: 10_000, bodyIdleMs: 10_000 },
    random: () => 0.5,
    async sleep(delayMs, signal) {
      signal?.throwIfAborted();
      sleptMs.push(delayMs);
    },
    ...options,
  });
  return { ...client, sleptMs };
}
