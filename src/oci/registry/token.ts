import { AttemptFailure } from '../../upstream/attempt-failure.ts';
import { basicAuthorization, type Credential } from './credential.ts';
import { parseJsonDocument, fieldOf, isPresent, optionalStringOf } from '../json-document.ts';
import { parseRetryAfter } from '../../upstream/retry.ts';
import { readBody, type Transport, type TransportResponse } from '../../upstream/transport.ts';

export interface TokenRequest {
  /** The token service; `checkRealm` has let it pass. */
  readonly realm: URL;
  readonly service: string | null;
  readonly scope: string;
  readonly credential: Credential | null;
}

export interface Token {
  readonly value: string;
  /** How long it can be used, counted from its arrival: clocks of registries are not to be trusted. */
  readonly lifetimeMs: number;
}

const maxAnswerBytes = 1024 * 1024;
const maxTokenLength = 64 * 1024;
const defaultLifetimeS = 60;
const maxLifetimeS = 24 * 60 * 60;

/**
 * Fetches a bearer token: with a password or anonymously by GET (docker/distribution, spec/auth/token.md), with
 * an identity token by POST (spec/auth/oauth.md). Redirects are not followed, as the request may carry a
 * password. Throws an `AttemptFailure`.
 */
export async function fetchToken(
  transport: Transport,
  asked: TokenRequest,
  nowMs: () => number,
): Promise<Token> {
  const response = await sendTokenRequest(transport, asked);
  if (response.status !== 200) {
    await response.discard();
    throw failureOf(response, asked, nowMs);
  }
  const host = asked.realm.host;
  const fail = (): AttemptFailure =>
    new AttemptFailure(`the token service ${host} gave no valid token`, {
      code: 'registry_unavailable',
      isPassing: true,
    });
  return readToken(await readBody(response, maxAnswerBytes), fail);
}

function sendTokenRequest(
  transport: Transport,
  { realm, service, scope, credential }: TokenRequest,
): Promise<TransportResponse> {
  if (credential?.kind === 'identity') {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: credential.token,
      client_id: 'ashlar',
      scope,
      ...(service === null ? {} : { service }),
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return transport.send({ method: 'POST', url: realm, headers, body: form.toString() });
  }
  const url = new URL(realm);
  if (service !== null) url.searchParams.append('service', service);
  for (const each of scope.split(' ')) {
    if (each !== '') url.searchParams.append('scope', each);
  }
  const headers =
    credential === null
      ? {}
      : { authorization: basicAuthorization(credential.username, credential.password) };
  return transport.send({ method: 'GET', url, headers });
}

function failureOf(
  response: TransportResponse,
  asked: TokenRequest,
  nowMs: () => number,
): AttemptFailure {
  const { status } = response;
  const host = asked.realm.host;
  const retryAfterMs = parseRetryAfter(response.header('retry-after'), nowMs());
  if (status === 401 || status === 403 || status === 400) {
    const whom =
      asked.credential === null ? 'gives no token without credentials' : 'refused the credentials';
    return new AttemptFailure(`the token service ${host} ${whom} (status ${status})`, {
      code: 'registry_auth_required',
      isPassing: false,
      status,
    });
  }
  const problem = `the token service ${host} answered with status ${status}`;
  if (status === 429) {
    const code = 'registry_rate_limited';
    return new AttemptFailure(problem, { code, isPassing: true, retryAfterMs, status });
  }
  const isPassing = status >= 500 || status === 408;
  return new AttemptFailure(problem, {
    code: 'registry_unavailable',
    isPassing,
    retryAfterMs,
    status,
  });
}

function readToken(bytes: Buffer, fail: () => AttemptFailure): Token {
  // No detail of a wrong answer is shown: it may hold a token.
  const root = parseJsonDocument(bytes, {
    maxBytes: maxAnswerBytes,
    maxDepth: 16,
    malformed: fail,
    invalid: fail,
  });
  const value =
    optionalStringOf(fieldOf(root, 'token')) ?? optionalStringOf(fieldOf(root, 'access_token'));
  if (value === null || value.length > maxTokenLength || !/^[\x21-\x7e]+$/.test(value))
    throw fail();
  const expiry = fieldOf(root, 'expires_in');
  const seconds = isPresent(expiry) ? Number(expiry.value) : defaultLifetimeS;
  const lifetimeS = seconds > 0 ? Math.min(seconds, maxLifetimeS) : defaultLifetimeS;
  return { value, lifetimeMs: lifetimeS * 1000 };
}
