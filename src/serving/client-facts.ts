import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { proxyUserOf } from './proxy-user.ts';

/** Says of an address whether it is a proxy in front of this server, whose X-Forwarded headers count. */
export type IsTrustedProxy = (address: string) => boolean;

/**
 * The address of the client. Each proxy adds who asked it at the end: the last who is none of ours is the client, what stands
 * before it says the client.
 */
export function clientAddress(
  { headers, socket }: IncomingMessage,
  isTrustedProxy: IsTrustedProxy,
): string {
  const peer = socket.remoteAddress ?? '';
  if (!isTrustedProxy(peer)) return peer;
  const header = headers['x-forwarded-for'];
  const stated = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',');
  for (const address of stated.map((text) => text.trim()).toReversed()) {
    if (isIP(address) === 0) break;
    if (!isTrustedProxy(address)) return address;
  }
  return peer;
}

const buildIdPattern = /^[\w.:/@+-]{1,128}$/;

/** What the client says that it builds: a header, or the user name it gave to the proxy; null where it says nothing. */
export function buildIdOf(headers: IncomingHttpHeaders, proxyUser: string | null): string | null {
  const stated = firstOf(headers['x-ashlar-build']) ?? proxyUser ?? proxyUserOf(headers) ?? '';
  return buildIdPattern.test(stated) ? stated : null;
}

/** Of a list the first: what the proxy next to the client has put there. */
export function firstOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  const value = text?.split(',')[0]?.trim();
  return value === '' ? undefined : value;
}
