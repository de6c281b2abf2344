import { lookup as dnsLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { AddressRule } from '../../src/network.ts';

/** A lookup for `net.connect` that refuses names of addresses that the rule does not let through. */
export function checkedLookup(rule: AddressRule): LookupFunction {
  return (hostname, options, done) => {
    dnsLookup(hostname, options, (error, address, family) => {
      done(error ?? refusal(rule, hostname, address), address, family);
    });
  };
}

/** What the rule says of a host that is an address itself, for which nobody asks the lookup; null where it lets it through. */
export function refusalOfLiteral(rule: AddressRule, host: string): Error | null {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 0 ? null : refusal(rule, bare, bare);
}

function refusal(
  rule: AddressRule,
  hostname: string,
  found: string | readonly { readonly address: string }[],
): Error | null {
  const addresses = typeof found === 'string' ? [found] : found.map(({ address }) => address);
  try {
    for (const address of addresses) rule.check(hostname, address);
    return null;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}
