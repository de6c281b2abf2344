import { readFile } from 'node:fs/promises';
import { isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { AshlarError, systemErrorCode } from '../../src/index.ts';

/** Where a resolver listens. */
export interface ResolverAddress {
  /** An IP address; a link-local one with its zone. */
  readonly host: string;
  readonly port: number;
}

const dnsPort = 53;
/** More are not asked before a client has given up. */
const maxResolvers = 4;

/** Reads `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`. Throws `config_invalid`. */
export function parseResolverAddress(text: string): ResolverAddress {
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text);
  const plain = isIPv6(text) ? null : /^([^:]+)(?::(\d{1,5}))?$/.exec(text);
  const [, host = text, port = String(dnsPort)] = bracketed ?? plain ?? [];
  const isRight = bracketed === null ? isIP(host) !== 0 : isIPv6(host);
  if (isRight && Number(port) > 0 && Number(port) < 65536) return { host, port: Number(port) };
  throw new AshlarError('config_invalid', `${JSON.stringify(text)} is no address of a resolver`, {
    data: { resolver: text },
    hint: 'Write an IP address, with :PORT behind it if it is not 53; IPv6 in brackets then.',
  });
}

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
