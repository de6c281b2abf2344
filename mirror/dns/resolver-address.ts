import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { systemErrorCode } from '../../src/index.ts';

/** Where a resolver listens. */
export interface ResolverAddress {
  /** An IP address; a link-local one with its zone. */
  readonly host: string;
  readonly port: number;
}

const dnsPort = 53;
/** More are not asked before a client has given up. */
const maxResolvers = 4;

/** The resolvers of this machine (resolv.conf(5)), each once: at most four, and none where the file is missing. */
export async function systemResolvers(
  file: string = '/etc/resolv.conf',
): Promise<readonly ResolverAddress[]> {
  const lines = (await readText(file)).split('\n');
  const hosts = lines.flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
  return [...new Set(hosts)]
    .filter((host) => isIP(host) !== 0)
    .slice(0, maxResolvers)
    .map((host) => ({ host, port: dnsPort }));
}

/** The resolvers but for one that listens here itself: asking that would go in circles. */
export function othersThan(
  listen: ResolverAddress,
  resolvers: readonly ResolverAddress[],
): readonly ResolverAddress[] {
  const own = ownAddresses(listen.host);
  return resolvers.filter(({ host, port }) => port !== listen.port || !own.has(host));
}

/** Who listens at every address listens at all of this machine's. */
function ownAddresses(host: string): ReadonlySet<string> {
  if (host !== '0.0.0.0' && host !== '::') return new Set([host]);
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return new Set(['127.0.0.1', '::1', ...all.map(({ address }) => address)]);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return '';
    throw error;
  }
}
