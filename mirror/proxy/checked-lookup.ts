import { lookup as dnsLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { type AddressRule, refusalOf } from '../../src/network.ts';

/** A lookup for `net.connect` that refuses names of addresses that the rule does not let through. */
export function checkedLookup(rule: AddressRule): LookupFunction {
  return (hostname, options, done) => {
    dnsLookup(hostname, options, (error, address, family) => {
      done(error ?? refusalOf(rule, hostname, address), address, family);
    });
  };
}
