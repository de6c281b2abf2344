import { isIP, type Socket } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';

/** The address of a request to a proxy (RFC 9112, section 3.2.2); null for the usual form, a path. */
export function absoluteTarget(target: string | undefined): URL | null {
  return target !== undefined && /^https?:/i.test(target) ? URL.parse(target) : null;
}

/**
 * Whether an address is the one at which a connection came in: who uses this server as a proxy for everything asks it for itself
 * too. By another name than this machine's own it cannot be told.
 */
export function isOwnAddress(target: URL, { localPort }: Socket): boolean {
  return Number(target.port || '80') === localPort && isOwnName(target);
}

/** Whether a host is this machine by a name or address of its own, and not by one that somebody else gave it. */
export function isOwnName({ hostname: host }: URL): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) === 0) return host === 'localhost' || host === hostname().toLowerCase();
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === bare),
  );
}
