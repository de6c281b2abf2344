import type { Outage } from '../recorded-upstream/faulty-listener.ts';
import { createAccess } from './access.ts';
import { openPlaces } from './open-places.ts';
import {
  createRegistryContent,
  type ImageFacts,
  type Removal,
  type RepositoryContent,
  type Retag,
} from './registry-content.ts';
import type { RecordedOciOptions, RegistrySettings } from './registry-options.ts';
import { createRequestCounter, type OciRegistryCounts } from './request-counts.ts';
import { createResponder } from './responder.ts';
import type { Place } from './route.ts';

/** What a test does with a registry, wherever that runs. */
export interface RecordedOciRegistry extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/`. */
  readonly url: string;
  /** `127.0.0.1:PORT`, as references name it. */
  readonly host: string;
  readonly port: number;
  /** Where blobs are redirected to and where tokens are given, as URLs name them; the registry's own, unless told. */
  readonly cdnUrl: string;
  readonly tokenUrl: string;
  counts(): Promise<OciRegistryCounts>;
  resetCounts(): Promise<void>;
  /** Sets what is given and leaves the rest. Counts of fault rules and of the rate limit begin anew with new ones. */
  change(settings: RegistrySettings): Promise<void>;
  put(content: RepositoryContent): Promise<void>;
  retag(change: Retag): Promise<void>;
  remove(removal: Removal): Promise<void>;
  /** What there is to fetch for a tag or digest. */
  facts(repository: string, reference: string): Promise<ImageFacts>;
  /** Ends the tokens of a user, or all; credentials are changed with `change({ auth })`. */
  revokeTokens(user?: string): Promise<void>;
  /** At these addresses, or at all; `reset` and `refuse` end connections with a reset. */
  outage(how: Outage, places?: readonly Place[]): Promise<void>;
  /** Everywhere, at the same ports. */
  restore(): Promise<void>;
}

/** Starts a registry of made-up images on loopback, with a token service and a CDN where options ask for them. */
export async function startRecordedOciRegistry(
  options: RecordedOciOptions = {},
): Promise<RecordedOciRegistry> {
  const counter = createRequestCounter();
  const content = createRegistryContent();
  const access = createAccess();
  for (const one of options.contents ?? []) await content.put(one);
  const responder = createResponder({ options, content, access, counter });
  const places = await openPlaces({
    options,
    handler: (place) => (request, response) => {
      responder.respond({ place, places, request, response });
    },
    opened: counter.opened,
    closed: counter.closed,
  });
  return {
    ...places.addresses,
    counts: async () => counter.counts(),
    resetCounts: async () => counter.reset(),
    change: async (settings) => responder.change(settings),
    put: (added) => content.put(added),
    retag: async (change) => content.retag(change),
    remove: async (removal) => content.remove(removal),
    facts: async (repository, reference) => content.facts(repository, reference),
    revokeTokens: async (user) => access.revoke(user),
    outage: (how, at) => places.outage(how, at),
    restore: () => places.restore(),
    [Symbol.asyncDispose]: () => places.close(),
  };
}
