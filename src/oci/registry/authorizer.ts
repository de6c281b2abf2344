import { AttemptFailure } from '../../upstream/attempt-failure.ts';
import { parseChallenges } from './challenge.ts';
import { basicAuthorization, type CredentialAnswer, type CredentialLookup } from './credential.ts';
import type { Endpoint } from './endpoint.ts';
import { checkRealm } from './realm-policy.ts';
import { remember } from './remember.ts';
import type { TokenRequest } from './token.ts';
import { createTokenStore } from './token-store.ts';
import type { Transport } from '../../upstream/transport.ts';

/** What a request wants to read. */
export interface AuthTarget {
  readonly endpoint: Endpoint;
  /** Without the endpoint's prefix. */
  readonly repository: string;
}

/** Knows what to put into the Authorization header for a registry. */
export interface Authorizer {
  /** What worked before for this repository; null before the registry has asked for something. */
  current(target: AuthTarget, signal?: AbortSignal): Promise<string | null>;
  /**
   * What to try after a 401 to a request that carried `refused`. Throws an `AttemptFailure` when there is
   * nothing more to try.
   */
  answer(target: AuthTarget, rejection: Rejection, signal?: AbortSignal): Promise<string>;
  /** Learns from a registry's own challenge, as to a ping, how it wants to be asked for repositories that were not asked for yet. */
  introduce(endpoint: Endpoint, challenge: string): void;
  /** Adds to a refusal by `work` why credentials that are configured could not be used. */
  explain<T>(target: AuthTarget, work: () => Promise<T>): Promise<T>;
}

export interface Rejection {
  /** The WWW-Authenticate header. */
  readonly challenge: string | null;
  /** The Authorization header that was sent. */
  readonly refused: string | null;
}

export interface AuthorizerOptions {
  readonly transport: Transport;
  readonly credentials: CredentialLookup;
  /** Hosts of token services that a registry may name besides its own, by registry or mirror host. */
  readonly trustedRealms: Readonly<Record<string, readonly string[]>>;
  readonly nowMs: () => number;
}

/** How a registry wants to be asked for a repository. */
type Way = { readonly kind: 'basic'; readonly header: string } | BearerWay;

interface BearerWay extends Omit<TokenRequest, 'credential'> {
  readonly kind: 'bearer';
}

const maxScopeLength = 4096;

/**
 * Remembers per repository how the registry wants to be asked. Passwords go to the registry's own host (Basic)
 * or to a token service that `checkRealm` lets pass (Bearer), nowhere else.
 */
export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  const { transport, credentials, trustedRealms, nowMs } = options;
  const ways = new Map<string, Way>();
  /** Token services by the origin of a registry. */
  const services = new Map<string, Pick<BearerWay, 'realm' | 'service'>>();
  const tokens = createTokenStore(transport, nowMs);
  const answers = new Map<string, Promise<CredentialAnswer>>();

  const credentialFor = ({ endpoint, repository }: AuthTarget): Promise<CredentialAnswer> => {
    const name = `${endpoint.prefix}${repository}`;
    return keep(answers, `${endpoint.credentialHost} ${name}`, () =>
      credentials(endpoint.credentialHost, name),
    );
  };

  const tokenFor = async (
    target: AuthTarget,
    way: BearerWay,
    { refused, signal }: { refused: string | null; signal?: AbortSignal | undefined },
  ): Promise<string> => {
    const { credential, problem } = await credentialFor(target);
    const { realm, service, scope } = way;
    const wanted = { realm, service, scope, credential };
    return withProblem(problem, () => tokens.authorization(wanted, { refused, signal }));
  };

  const wayOf = (target: AuthTarget): Way | undefined => {
    const known = ways.get(keyOf(target));
    const service = services.get(target.endpoint.origin);
    if (known !== undefined || service === undefined) return known;
    return { kind: 'bearer', ...service, scope: scopeOf(target) };
  };

  return {
    introduce(endpoint, challenge) {
      const bearer = bearerOf(challenge);
      if (bearer === undefined) return;
      const trusted = trustedRealms[endpoint.credentialHost] ?? [];
      const realm = checkRealm(bearer.get('realm'), endpoint, trusted);
      remember(services, endpoint.origin, { realm, service: bearer.get('service') ?? null });
    },
    async current(target, signal) {
      const way = wayOf(target);
      if (way === undefined) return null;
      return way.kind === 'basic' ? way.header : tokenFor(target, way, { refused: null, signal });
    },
    async answer(target, { challenge, refused }, signal) {
      const { credential, problem } = await credentialFor(target);
      const way = await withProblem(problem, async () =>
        chooseWay(target, { challenge, credential, trustedRealms }),
      );
      remember(ways, keyOf(target), way);
      if (way.kind === 'bearer') return tokenFor(target, way, { refused, signal });
      if (way.header === refused) {
        throw authRequired(`${target.endpoint.host} refused the credentials`);
      }
      return way.header;
    },
    async explain(target, work) {
      const { problem } = await credentialFor(target);
      return withProblem(problem, work);
    },
  };
}

function chooseWay(
  { endpoint, repository }: AuthTarget,
  offer: {
    readonly challenge: string | null;
    readonly credential: CredentialAnswer['credential'];
    readonly trustedRealms: AuthorizerOptions['trustedRealms'];
  },
): Way {
  const { challenge, credential, trustedRealms } = offer;
  const challenges = parseChallenges(challenge ?? '');
  const bearer = bearerOf(challenge ?? '');
  if (bearer !== undefined) {
    const trusted = trustedRealms[endpoint.credentialHost] ?? [];
    const realm = checkRealm(bearer.get('realm'), endpoint, trusted);
    const scope = bearer.get('scope') || scopeOf({ endpoint, repository });
    if (scope.length > maxScopeLength)
      throw authRequired(`${endpoint.host} asks for an absurd scope`);
    return { kind: 'bearer', realm, service: bearer.get('service') ?? null, scope };
  }
  if (!challenges.some(({ scheme }) => scheme === 'basic')) {
    throw authRequired(`${endpoint.host} asks for a login of an unknown kind`);
  }
  if (credential?.kind !== 'password') throw authRequired(`${endpoint.host} asks for a login`);
  return { kind: 'basic', header: basicAuthorization(credential.username, credential.password) };
}

function bearerOf(challenge: string): ReadonlyMap<string, string> | undefined {
  return parseChallenges(challenge).find(({ scheme }) => scheme === 'bearer')?.parameters;
}

/** What a registry of today asks for before it gives a repository to read. */
function scopeOf({ endpoint, repository }: AuthTarget): string {
  return `repository:${endpoint.prefix}${repository}:pull`;
}

async function withProblem<T>(problem: string | null, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (problem === null || !(error instanceof AttemptFailure)) throw error;
    if (error.facts.code !== 'registry_auth_required') throw error;
    throw new AttemptFailure(`${error.message}; ${problem}`, { ...error.facts, cause: error });
  }
}

function authRequired(problem: string): AttemptFailure {
  return new AttemptFailure(problem, { code: 'registry_auth_required', isPassing: false });
}

function keyOf({ endpoint, repository }: AuthTarget): string {
  return `${endpoint.origin}/${endpoint.prefix}${repository}`;
}

/** A failed look-up is not kept. */
async function keep<T>(
  map: Map<string, Promise<T>>,
  key: string,
  make: () => Promise<T>,
): Promise<T> {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  remember(map, key, made);
  try {
    return await made;
  } catch (error) {
    map.delete(key);
    throw error;
  }
}
