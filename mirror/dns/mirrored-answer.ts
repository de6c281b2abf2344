import { isIPv4, isIPv6 } from 'node:net';
import type { Answer } from 'dns-packet';
import { AshlarError } from '../../src/index.ts';
import { type DnsQuery, encodeReply, rcodes } from './dns-message.ts';

/** RFC 1035, section 3.2, and RFC 3596, section 2.1. */
const types = { a: 1, aaaa: 28, any: 255 } as const;
const internetClass = 1;
const maxAddresses = 16;

/** The names that are answered here, in lower case, with their addresses. */
export type MirroredNames = ReadonlyMap<string, readonly string[]>;

/** Throws `config_invalid` for what is no address, for none, and for too many. */
export function mirroredNames(answers: ReadonlyMap<string, readonly string[]>): MirroredNames {
  return new Map(
    [...answers].map(([host, addresses]) => {
      const wrong = addresses.find((address) => !isIPv4(address) && !isIPv6(address));
      if (wrong === undefined && addresses.length > 0 && addresses.length <= maxAddresses)
        return [host.toLowerCase().replace(/\.$/, ''), addresses];
      throw new AshlarError(
        'config_invalid',
        wrong === undefined
          ? `${host} has to have 1 to ${maxAddresses} addresses, not ${addresses.length}`
          : `${wrong} is no address for ${host}`,
        { data: { host }, hint: 'Name the addresses at which machines reach the mirror.' },
      );
    }),
  );
}

/**
 * The answer for a name of the mirror, null for any other. What is not an address does not exist here (no data, RFC 2308,
 * section 2.2), so that no HTTPS or SVCB record leads clients past the mirror.
 */
export function mirroredAnswer(
  query: DnsQuery,
  names: MirroredNames,
  ttlSeconds: number,
): Buffer | null {
  const addresses = query.name === null ? undefined : names.get(query.name);
  if (addresses === undefined || query.class !== internetClass) return null;
  const answers = addresses.flatMap((data): Answer[] => {
    const type = isIPv4(data) ? 'A' : 'AAAA';
    const number = type === 'A' ? types.a : types.aaaa;
    const isWanted = query.type === number || query.type === types.any;
    return isWanted ? [{ type, name: query.askedName, ttl: ttlSeconds, data }] : [];
  });
  return encodeReply(query, {
    rcode: rcodes.noError,
    isAuthoritative: true,
    answers,
    authorities: answers.length > 0 ? [] : [startOfAuthority(query.askedName, ttlSeconds)],
  });
}

/** Lets clients keep for a while that there is nothing. */
function startOfAuthority(name: string, ttlSeconds: number): Answer {
  return {
    type: 'SOA',
    name,
    ttl: ttlSeconds,
    data: {
      mname: name,
      rname: `hostmaster.${name}`,
      serial: 1,
      refresh: ttlSeconds,
      retry: ttlSeconds,
      expire: ttlSeconds,
      minimum: ttlSeconds,
    },
  };
}
