import { AshlarError } from '../../src/index.ts';
import { networkFailure, noSniff } from '../../src/network.ts';
import type { RegistryPath } from '../packument/names/registry-path.ts';
import type { Registry } from '../registries/registry.ts';
import type { Exchange } from '../server/exchange.ts';
import type { HandOn } from './hand-on.ts';
import type { UpstreamAgents } from './upstream-agents.ts';

/**
 * Hands a request to the registry as it is, with the client's credential, and the answer back; nothing is kept. Throws as
 * `HandOn` does, `registry_unavailable` where upstream fails.
 */
export type PassThrough = (exchange: Exchange, wanted: RegistryPath) => Promise<void>;

export interface PassThroughOptions {
  readonly handOn: HandOn;
  readonly agents: UpstreamAgents;
  readonly timeouts: PassThroughTimeouts;
  /** A package was changed at its registry: what is known of it from before counts no longer. */
  readonly onChange: (registry: Registry, name: string) => void;
}

export interface PassThroughTimeouts {
  /** Installing does not wait long for what it can do without. */
  readonly auditMs: number;
  readonly searchMs: number;
  /** Nothing may come for so long from who is asked for anything else ... */
  readonly otherMs: number;
  /** ... and all of it may take so long: what is published may be large. */
  readonly wholeMs: number;
}

export const defaultPassThroughTimeouts: PassThroughTimeouts = {
  auditMs: 5_000,
  searchMs: 10_000,
  otherMs: 60_000,
  wholeMs: 15 * 60_000,
};

export function createPassThrough(options: PassThroughOptions): PassThrough {
  return async ({ request, response, registry, path, ledger, onSent }, wanted) => {
    const [upstream] = registry.upstreams;
    if (upstream === undefined) throw new AshlarError('internal', 'a registry without upstream');
    request.url = path;
    for (const [name, value] of Object.entries(noSniff)) response.setHeader(name, value);
    const changed = changedPackage(request.method ?? '', wanted);
    return options.handOn(request, response, {
      target: upstream.href,
      agent: options.agents.forUrl(upstream),
      ...timesFor(wanted, options.timeouts),
      ledger,
      onSent,
      onHead(status) {
        if (changed !== null && status < 300) options.onChange(registry, changed);
      },
      failure: (cause) => failureOf(cause, upstream),
    });
  };
}

function failureOf(cause: Error, { host }: URL): AshlarError {
  const failure = networkFailure(cause, host);
  if (failure?.facts.code === 'registry_untrusted')
    return new AshlarError('registry_untrusted', failure.message, { cause });
  return new AshlarError('registry_unavailable', `${host} did not answer: ${cause.message}`, {
    cause,
  });
}

/** Publishing, unpublishing, deprecating, tagging: whatever changes something of a package by its path. */
function changedPackage(method: string, wanted: RegistryPath): string | null {
  if (!['PUT', 'POST', 'PATCH', 'DELETE'].includes(method) || !('package' in wanted)) return null;
  return wanted.package?.name ?? null;
}

function timesFor(
  { kind }: RegistryPath,
  { auditMs, searchMs, otherMs, wholeMs }: PassThroughTimeouts,
): { readonly idleMs: number; readonly wholeMs: number } {
  if (kind === 'audit') return { idleMs: auditMs, wholeMs: auditMs };
  if (kind === 'search') return { idleMs: searchMs, wholeMs: searchMs };
  return { idleMs: otherMs, wholeMs };
}
