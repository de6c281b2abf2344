import {
  createUpstream,
  type CredentialLookup,
  defaultHealthPolicy,
  type Lane,
  type OriginState,
  type RequestLedger,
  type RetryPolicy,
  type Transport,
  type Upstream,
  type UpstreamResponse,
  type Waiting,
} from '../../src/network.ts';
import type { Place } from '../store/cache-keys.ts';
import type { CachedRegistry } from '../config/cached-registry.ts';
import type { RateLimits } from './rate-limits.ts';
import { createRegistryAuthorizers, prefixOf } from './registry-authorizers.ts';

/** What is asked of a registry (OCI distribution-spec 1.1, "Pull"). */
export interface SourceRequest {
  readonly method: 'GET' | 'HEAD';
  readonly place: Place;
  /** Behind the repository, with its query: `manifests/latest`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose credential is shown: the view's, or none although there is one. */
  readonly as?: 'view' | 'anybody';
  /** Time until the head of an answer, with all attempts. */
  readonly timeoutMs: number;
  readonly attempts?: number;
  /** Which endpoint is asked first, counted from 0 and over again. */
  readonly turn?: number;
  readonly signal: AbortSignal;
  readonly ledger: RequestLedger;
}

/** The registries that are cached, as far as they can be reached. */
export interface RegistrySources {
  /**
   * Gives any answer but 408, 425, 429 and 5xx, which are asked again. Throws `registry_unavailable`, `registry_rate_limited`,
   * `registry_auth_required` where nothing that can be shown lets in, and `address_refused`.
   */
  ask(request: SourceRequest): Promise<UpstreamResponse>;
  originsOf(registry: CachedRegistry): readonly OriginState[];
  states(): readonly RegistryState[];
}

export interface RegistryState {
  readonly registry: string;
  readonly origins: readonly OriginState[];
}

export interface RegistrySourcesOptions {
  readonly registries: readonly CachedRegistry[];
  readonly transport: Transport;
  readonly retry: RetryPolicy;
  readonly waiting: Waiting;
  readonly rateLimits: RateLimits;
  /** What the operator has stored for a registry. */
  readonly credentials: (registry: CachedRegistry) => CredentialLookup;
}

export function createRegistrySources(options: RegistrySourcesOptions): RegistrySources {
  const { registries, transport, retry, waiting, rateLimits } = options;
  const upstreams = new Map(
    registries.map((registry) => [
      registry.name,
      createUpstream({
        origins: registry.endpoints.map(baseOf),
        transport,
        retry,
        health: defaultHealthPolicy,
        waiting,
      }),
    ]),
  );
  const authorizerOf = createRegistryAuthorizers(options);
  return {
    async ask({ place, path, ledger, as = 'view', ...request }) {
      const { registry } = place.view;
      const response = await upstreamOf(upstreams, registry).send({
        ...request,
        target: `/${place.repository}/${path}`,
        lane: laneOf({ method: request.method, path }),
        authorization: authorizerOf(place, { as, ledger }),
      });
      rateLimits.note(registry.name, response);
      return response;
    },
    originsOf: (registry) => upstreamOf(upstreams, registry).states(),
    states: () =>
      [...upstreams].map(([registry, upstream]) => ({ registry, origins: upstream.states() })),
  };
}

/** Layers take minutes: manifests, and the tokens for them, do not wait behind them for a connection. */
function laneOf({ method, path }: Pick<SourceRequest, 'method' | 'path'>): Lane {
  return method === 'GET' && path.startsWith('blobs/') ? 'long' : 'short';
}

function upstreamOf(upstreams: ReadonlyMap<string, Upstream>, { name }: CachedRegistry): Upstream {
  const upstream = upstreams.get(name);
  if (upstream === undefined) throw new TypeError(`no registry ${name}`);
  return upstream;
}

/** An endpoint may lie below a path, which then comes before the repository (OCI distribution-spec 1.1 has `/v2/` at the root). */
function baseOf({ origin, pathname }: URL): URL {
  return new URL(`${origin}/v2/${prefixOf(pathname)}`);
}
