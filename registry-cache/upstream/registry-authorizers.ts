import {
  AttemptFailure,
  createAuthorizer,
  createRecentMap,
  type Credential,
  type CredentialAnswer,
  credentialKey,
  type CredentialLookup,
  type Endpoint,
  type OriginAuthorizer,
  type RequestLedger,
  type Transport,
  type Waiting,
} from '../../src/network.ts';
import type { CachedRegistry } from '../config/cached-registry.ts';
import type { Place } from '../store/cache-keys.ts';

/** Knows what to show to the endpoints of registries for a repository. */
export type RegistryAuthorizers = (
  place: Place,
  ask: { readonly as: ShownAs; readonly ledger: RequestLedger },
) => OriginAuthorizer;

export interface RegistryAuthorizersOptions {
  readonly transport: Transport;
  readonly waiting: Waiting;
  /** What the operator has stored for a registry. */
  readonly credentials: (registry: CachedRegistry) => CredentialLookup;
}

/** One for each login: what is forgotten costs a token more. */
const keptAuthorizers = 1_000;
/** What was refused is looked up anew no more often: credential helpers give passwords that last for hours. */
const lookUpAgainMs = 10_000;

/** Whose credential is shown: the view's, or none although there is one. */
type ShownAs = 'view' | 'anybody';

interface KeptAuthorizer {
  readonly key: string;
  readonly authorizer: ReturnType<typeof createAuthorizer>;
  readonly madeAtMs: number;
}

/** Tokens are kept apart for each credential, so that none is shown for another. */
export function createRegistryAuthorizers(
  options: RegistryAuthorizersOptions,
): RegistryAuthorizers {
  const { transport, waiting } = options;
  const kept = createRecentMap<KeptAuthorizer>(keptAuthorizers);
  const challengeOf = createGreeter(transport);
  const authorizerOf = (view: Place['view'], as: ShownAs): KeptAuthorizer => {
    const { registry, credential } = view;
    const key = `${registry.name} ${as === 'anybody' ? 'anybody' : whose(credential)}`;
    const known = kept.get(key) ?? {
      key,
      madeAtMs: waiting.nowMs(),
      authorizer: createAuthorizer({
        transport,
        credentials: as === 'anybody' ? nobody : lookupOf(options, view),
        trustedRealms: { [registry.name]: registry.trustedRealms },
        nowMs: waiting.nowMs,
      }),
    };
    kept.set(key, known);
    return known;
  };
  return (place, { as, ledger }) => {
    const { key, authorizer, madeAtMs } = authorizerOf(place.view, as);
    const asked = authorizerFor(place, authorizer, challengeOf);
    const watched = <T>(work: () => Promise<T>): Promise<T> =>
      ledger.span('token', async () => {
        try {
          return await work();
        } catch (error) {
          const isOld = waiting.nowMs() - madeAtMs >= lookUpAgainMs;
          if (isRefusal(error) && isOld) kept.delete(key);
          throw error;
        }
      });
    return {
      current: (origin, signal) => watched(() => asked.current(origin, signal)),
      answer: (origin, rejection, signal) => watched(() => asked.answer(origin, rejection, signal)),
    };
  };
}

function isRefusal(error: unknown): boolean {
  return error instanceof AttemptFailure && error.facts.code === 'registry_auth_required';
}

/** For one repository. A token is asked for before the first request, so that this is not one too many. */
function authorizerFor(
  { view, repository }: Place,
  authorizer: KeptAuthorizer['authorizer'],
  challengeOf: Greeter,
): OriginAuthorizer {
  const targetOf = (origin: URL): { endpoint: Endpoint; repository: string } => ({
    endpoint: endpointAt(origin, view.registry),
    repository,
  });
  return {
    async current(origin, signal) {
      const target = targetOf(origin);
      const header = await authorizer.current(target, signal);
      if (header !== null) return header;
      const challenge = await challengeOf(target.endpoint);
      if (challenge === null) return null;
      authorizer.introduce(target.endpoint, challenge);
      return authorizer.current(target, signal);
    },
    answer: (origin, rejection, signal) => authorizer.answer(targetOf(origin), rejection, signal),
  };
}

type Greeter = (endpoint: Endpoint) => Promise<string | null>;

/** Who waits for it waits in vain where it does not come: far less than a client does. */
const greetingTimeoutMs = 3_000;

/**
 * Asks endpoints once how they want to be asked (OCI distribution-spec 1.1, "Determining Support"). Null where they ask for
 * nothing, or say nothing now: then the first request learns it.
 */
function createGreeter(transport: Transport): Greeter {
  const greetings = new Map<string, Promise<string | null>>();
  const greet = async ({ origin }: Endpoint): Promise<string | null> => {
    const url = new URL(`${origin}/v2/`);
    const signal = AbortSignal.timeout(greetingTimeoutMs);
    try {
      const response = await transport.send({ method: 'GET', url, headers: {}, signal });
      await response.discard();
      if (response.status === 401) return response.header('www-authenticate');
      if (response.status >= 500) greetings.delete(origin);
      return null;
    } catch (error) {
      greetings.delete(origin);
      if (error instanceof AttemptFailure || error === signal.reason) return null;
      throw error;
    }
  };
  return (endpoint) => {
    const known = greetings.get(endpoint.origin) ?? greet(endpoint);
    greetings.set(endpoint.origin, known);
    return known;
  };
}

function lookupOf(
  { credentials }: RegistryAuthorizersOptions,
  { registry, credential }: Place['view'],
): CredentialLookup {
  return credential === null ? credentials(registry) : () => Promise.resolve(answerOf(credential));
}

function whose(credential: Credential | null): string {
  return credential === null ? 'operator' : credentialKey(credential);
}

function answerOf(credential: Credential | null): CredentialAnswer {
  return { credential, problem: null };
}

const nobody: CredentialLookup = () => Promise.resolve(answerOf(null));

function endpointAt({ origin, host, pathname }: URL, { name }: CachedRegistry): Endpoint {
  const prefix = prefixOf(pathname.replace(/^\/v2\//, ''));
  return { origin, host, prefix, credentialHost: name };
}

/** The path of an endpoint as the beginning of a repository's name there. */
export function prefixOf(pathname: string): string {
  const path = pathname.replaceAll(/^\/+|\/+$/g, '');
  return path === '' ? '' : `${path}/`;
}
