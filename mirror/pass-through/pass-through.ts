import { AshlarError } from '../../src/index.ts';
import type { RegistryPath } from '../packument/names/registry-path.ts';
import type { Exchange } from '../server/exchange.ts';
import type { HandOn } from './hand-on.ts';

/** Hands a request to the registry as it is, with the client's credential, and the answer back; nothing is kept. */
export type PassThrough = (exchange: Exchange, wanted: RegistryPath) => Promise<void>;

export interface PassThroughTimeouts {
  /** Installing does not wait long for what it can do without. */
  readonly auditMs: number;
  readonly searchMs: number;
  readonly otherMs: number;
}

export const defaultPassThroughTimeouts: PassThroughTimeouts = {
  auditMs: 5_000,
  searchMs: 10_000,
  otherMs: 60_000,
};

/** Resolves when the answer is sent or broken off; throws where no answer came. */
export function createPassThrough(handOn: HandOn, timeouts: PassThroughTimeouts): PassThrough {
  return async ({ request, response, registry, path }, wanted) => {
    const [upstream] = registry.upstreams;
    if (upstream === undefined) throw new AshlarError('internal', 'a registry without upstream');
    request.url = path;
    const timeoutMs = timeoutFor(wanted, timeouts);
    try {
      await handOn(request, response, { target: upstream.href, timeoutMs });
    } catch (error) {
      throw failure(error, upstream);
    }
  };
}

function timeoutFor({ kind }: RegistryPath, timeouts: PassThroughTimeouts): number {
  if (kind === 'audit') return timeouts.auditMs;
  return kind === 'search' ? timeouts.searchMs : timeouts.otherMs;
}

function failure(error: unknown, { host }: URL): unknown {
  if (error instanceof AshlarError || !(error instanceof Error)) return error;
  return new AshlarError('registry_unavailable', `${host} did not answer: ${error.message}`, {
    cause: error,
  });
}
