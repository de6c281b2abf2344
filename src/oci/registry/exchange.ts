import type { Authorizer } from './authorizer.ts';
import type { Exchange, ExchangeRequest } from './exchange-request.ts';
import { failureOfStatus } from './status-failure.ts';
import { sendFollowing } from '../../upstream/follow-redirects.ts';
import type { Transport, TransportResponse } from '../../upstream/transport.ts';

export interface ExchangeOptions {
  readonly transport: Transport;
  readonly authorizer: Authorizer;
  readonly nowMs: () => number;
}

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

function follow(
  transport: Transport,
  { endpoint, repository, method, path, headers, signal }: ExchangeRequest,
  authorization: string | null,
): Promise<TransportResponse> {
  const url = new URL(`${endpoint.origin}/v2/${endpoint.prefix}${repository}/${path}`);
  return sendFollowing(transport, { method, url, headers, authorization, signal });
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
