import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import {
  absoluteTarget,
  buildIdOf,
  clientAddress,
  type ConnectionFacts,
  firstOf,
  type IsTrustedProxy,
} from '../../src/network.ts';
import type { Registries, Registry } from '../registries/registry.ts';

/** How a client speaks to the mirror, as far as answers depend on it. */
export interface Requester {
  /** The registry whose host the client believes to speak to; null where it knows that it speaks to the mirror. */
  readonly transparentFor: Registry | null;
  /** Scheme and host by which the client knows this place, without a slash at the end. */
  readonly base: string;
  /** The Authorization header; null for none. */
  readonly authorization: string | null;
  readonly address: string;
  /** What the client says that it builds; null where it says nothing. */
  readonly buildId: string | null;
}

export interface RequesterOptions {
  readonly registries: Registries;
  /** Proxies in front of the mirror, whose X-Forwarded headers count. */
  readonly isTrustedProxy: IsTrustedProxy;
  /** What was learned of a connection when it was opened. */
  readonly connectionOf: (request: IncomingMessage) => ConnectionFacts;
}

const hostPattern =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

/** Reads who asks. Throws a `RangeError` where the Host header cannot be one. */
export function readRequester(request: IncomingMessage, options: RequesterOptions): Requester {
  const { headers, socket } = request;
  const peer = socket.remoteAddress ?? '';
  const connection = options.connectionOf(request);
  const forwarded = options.isTrustedProxy(peer) ? headers : {};
  const absolute = absoluteTarget(request.url);
  const host = firstOf(forwarded['x-forwarded-host']) ?? absolute?.host ?? headers.host ?? '';
  const scheme = schemeOf(forwarded, connection);
  const bare = host
    .toLowerCase()
    .replace(scheme === 'https' ? /:443$/ : /:80$/, '')
    .replace(/\.(?=:\d+$|$)/, '');
  // Numbers that are no address, and ports that are none, have the form of a host too.
  if (!hostPattern.test(host) || !URL.canParse(`${scheme}://${bare}`))
    throw new RangeError('the Host header names no host');
  const transparentFor = options.registries.byHost(bare) ?? null;
  return {
    transparentFor,
    base: `${scheme}://${bare}`,
    authorization: headers.authorization ?? null,
    address: clientAddress(request, options.isTrustedProxy),
    buildId: buildIdOf(headers, connection.proxyUser),
  };
}

function schemeOf(forwarded: IncomingHttpHeaders, { isEncrypted }: ConnectionFacts): string {
  const stated = firstOf(forwarded['x-forwarded-proto'])?.toLowerCase();
  if (stated === 'http' || stated === 'https') return stated;
  return isEncrypted ? 'https' : 'http';
}
