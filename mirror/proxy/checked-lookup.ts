import { lookup as dnsLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { type AddressRule, AttemptFailure, refusalOf } from '../../src/network.ts';

/** A lookup for `net.connect` that refuses names of addresses that the rule does not let through. */
export function checkedLookup(rule: AddressRule): LookupFunction {
  return (hostname, options, done) => {
    dnsLookup(hostname, options, (error, address, family) => {
      done(error ?? explained(refusalOf(rule, hostname, address)), address, family);
    });
  };
}

/** With how it may be reached, where that is meant. */
export function explained(refusal: AttemptFailure | null): AttemptFailure | null {
  if (refusal === null) return null;
  const mend = "name the host in trustedHosts of the mirror's configuration if that is meant";
  return new AttemptFailure(`${refusal.message}; ${mend}`, refusal.facts);
}
