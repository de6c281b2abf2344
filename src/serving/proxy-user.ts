import type { IncomingHttpHeaders } from 'node:http';

/** The user name of a Proxy-Authorization header of the kind Basic: what a client says that it builds; null for none. */
export function proxyUserOf(headers: IncomingHttpHeaders): string | null {
  const header = headers['proxy-authorization']?.trim() ?? '';
  const encoded = /^basic\s+([A-Za-z0-9+/=]+)$/i.exec(header)?.[1];
  if (encoded === undefined) return null;
  const user = Buffer.from(encoded, 'base64').toString('utf8').split(':')[0];
  return user === undefined || user === '' ? null : user;
}
