import { AttemptFailure } from '../../upstream/attempt-failure.ts';
import type { Authorizer } from './authorizer.ts';
import type { Exchange, ExchangeRequest } from './exchange-request.ts';
import { failureOfStatus } from './status-failure.ts';
import type { Transport, TransportResponse } from '../../upstream/transport.ts';

export interface ExchangeOptions {
  readonly transport: Transport;
  readonly authorizer: Authorizer;
  readonly nowMs: () => number;
}

const maxRedirects = 5;
const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];

/**
 * Makes the way in which all requests to registries go: a 401 is answered once with what the challenge asks for;
 * at most 5 redirects are followed, to http and https only, never from https to http, and Authorization is sent to
 * no other host (OCI distribution-spec 1.1, "Pulling blobs"). Throws an `AttemptFailure` for every other answer.
 */
export function createExchange({ transport, authorizer, nowMs }: ExchangeOptions): Exchange {
  return async (request) => {
    const { signal } = request;
    const refused = await authorizer.current(request, signal);
    const first = await follow(transport, request, refused);
    if (first.status !== 401 || !isOwnHost(first, request)) return accept(first, request, nowMs);
    await first.discard();
    const challenge = first.header('www-authenticate');
    const authorization = await authorizer.answer(request, { challenge, refused }, signal);
    const second = await follow(transport, request, authorization);
    return authorizer.explain(request, () => accept(second, request, nowMs));
  };
}

async function follow(
  transport: Transport,
  request: ExchangeRequest,
  authorization: string | null,
): Promise<TransportResponse> {
  const { endpoint, repository, method, path, headers, signal } = request;
  let url = new URL(`${endpoint.origin}/v2/${endpoint.prefix}${repository}/${path}`);
  for (let redirects = 0; ; redirects += 1) {
    const mayAuthorize = authorization !== null && url.origin === endpoint.origin;
    const sent = mayAuthorize ? { ...headers, authorization } : headers;
    const response = await transport.send({ method, url, headers: sent, signal });
    if (!redirectStatuses.includes(response.status)) return response;
    await response.discard();
    if (redirects === maxRedirects) {
      throw unfollowed(endpoint.host, `redirects more than ${maxRedirects} times`);
    }
    url = redirectTarget(response, endpoint.host);
  }
}

function redirectTarget(response: TransportResponse, host: string): URL {
  const location = response.header('location');
  const target = location === null ? null : URL.parse(location, response.url.href);
  if (target === null) throw unfollowed(host, 'redirects to nowhere');
  if (target.protocol !== 'http:' && target.protocol !== 'https:') {
    throw unfollowed(host, `redirects to an address of the kind ${target.protocol}`);
  }
  if (response.url.protocol === 'https:' && target.protocol === 'http:') {
    throw unfollowed(host, `redirects from https to http (${target.host})`);
  }
  if (target.username !== '' || target.password !== '') {
    throw unfollowed(host, `redirects to an address with a password in it (${target.host})`);
  }
  return target;
}

async function accept(
  response: TransportResponse,
  request: ExchangeRequest,
  nowMs: () => number,
): Promise<TransportResponse> {
  if (response.status === 200 || response.status === 206) return response;
  throw await failureOfStatus(response, {
    isOwnHost: isOwnHost(response, request),
    request,
    nowMs,
  });
}

function isOwnHost(response: TransportResponse, { endpoint }: ExchangeRequest): boolean {
  return response.url.origin === endpoint.origin;
}

function unfollowed(host: string, problem: string): AttemptFailure {
  return new AttemptFailure(`${host} ${problem}`, {
    code: 'registry_unavailable',
    isPassing: false,
  });
}
