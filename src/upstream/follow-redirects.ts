import { AttemptFailure } from './attempt-failure.ts';
import type { Transport, TransportRequest, TransportResponse } from './transport.ts';

export interface FollowedRequest extends TransportRequest {
  /** Sent to the origin of `url` alone; null for none. */
  readonly authorization: string | null;
  /** Told when the origin has answered with a redirect. */
  readonly onRedirect?: () => void;
}

const maxRedirects = 5;
const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];

/**
 * Sends a request and follows at most 5 redirects, to http and https only, never from https to http. Throws an
 * `AttemptFailure` for others and when there is no answer; any other status is an answer.
 */
export async function sendFollowing(
  transport: Transport,
  request: FollowedRequest,
): Promise<TransportResponse> {
  const { authorization, onRedirect, ...sent } = request;
  const first = request.url;
  let { url } = request;
  for (let redirects = 0; ; redirects += 1) {
    const mayAuthorize = authorization !== null && url.origin === first.origin;
    const headers = mayAuthorize ? { ...sent.headers, authorization } : sent.headers;
    const response = await transport.send({ ...sent, url, headers });
    if (!redirectStatuses.includes(response.status)) return response;
    onRedirect?.();
    await response.discard();
    if (redirects === maxRedirects)
      throw unfollowed(first.host, `redirects more than ${maxRedirects} times`);
    url = redirectTarget(response, first.host);
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

function unfollowed(host: string, problem: string): AttemptFailure {
  return new AttemptFailure(`${host} ${problem}`, {
    code: 'registry_unavailable',
    isPassing: false,
  });
}
