import { BlockList, isIP, isIPv4 } from 'node:net';
import { AttemptFailure } from './attempt-failure.ts';

/** Decides which addresses may be connected to. */
export interface AddressRule {
  /** Throws an `AttemptFailure` of code `address_refused` when `hostname` may not be reached at this IP address. */
  check(hostname: string, address: string): void;
}

/**
 * Lets only public addresses through, and any address of the hosts named: those that the operator configured. What an
 * upstream redirects to, or names in a document, must not open the way into the network that this machine is in.
 */
export function createAddressRule(trustedHosts: Iterable<string>): AddressRule {
  const trusted = new Set([...trustedHosts].map((host) => bareHost(host)));
  return {
    check(hostname, address) {
      const host = bareHost(hostname);
      if (trusted.has(host) || !isPrivateAddress(address)) return;
      const place = host === address ? address : `${host} (${address})`;
      throw new AttemptFailure(
        `${place} is a private address, to which no registry may send anybody`,
        { code: 'address_refused', isPassing: false },
      );
    },
  };
}

/** What a look-up of a name gave, in the shapes of `dns.lookup`. */
export type FoundAddresses = string | readonly { readonly address: string }[];

/**
 * What the rule says of a host with the addresses that were found for it; null where it lets it through. One address that may
 * not be reached is enough: who connects tries them in turn.
 */
export function refusalOf(
  rule: AddressRule,
  hostname: string,
  found: FoundAddresses,
): AttemptFailure | null {
  const addresses = typeof found === 'string' ? [found] : found.map(({ address }) => address);
  try {
    for (const address of addresses) rule.check(hostname, address);
    return null;
  } catch (error) {
    if (error instanceof AttemptFailure) return error;
    throw error;
  }
}

/** The same of a host that is an address itself, for which nobody asks a look-up; null for a name. */
export function refusalOfLiteral(rule: AddressRule, host: string): AttemptFailure | null {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 0 ? null : refusalOf(rule, bare, bare);
}

/**
 * Whether an IP address is not one of the public Internet: loopback, private, link-local, shared (RFC 6598), multicast,
 * documentation, reserved (IANA special-purpose registries, RFC 6890), also where it is mapped into IPv6. True for what is
 * no address.
 */
export function isPrivateAddress(address: string): boolean {
  const bare = bareHost(address);
  const family = isIP(bare);
  if (family === 0) return true;
  if (family === 4) return specialRanges.check(bare, 'ipv4');
  const embedded = embeddedIpv4(bare);
  if (embedded !== null && specialRanges.check(embedded, 'ipv4')) return true;
  return specialRanges.check(bare, 'ipv6');
}

const ranges: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  ['::', 127],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

const specialRanges = new BlockList();
for (const [network, prefix] of ranges)
  specialRanges.addSubnet(network, prefix, isIPv4(network) ? 'ipv4' : 'ipv6');

/** Mapped (`::ffff:`), translated (`64:ff9b::`) and 6to4 (`2002:`) addresses lead to an IPv4 address. */
function embeddedIpv4(address: string): string | null {
  const words = expandIpv6(address);
  const [first, second] = words;
  if (first === 0x2002) return fromWords(second, words[2]);
  const isMapped = words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff;
  const isCompatible = words.slice(0, 6).every((word) => word === 0);
  const isTranslated = first === 0x64 && second === 0xff9b;
  return isMapped || isCompatible || isTranslated ? fromWords(words[6], words[7]) : null;
}

function fromWords(high = 0, low = 0): string {
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

function expandIpv6(address: string): number[] {
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const before = ipv6Words(head);
  const after = tail === undefined ? [] : ipv6Words(tail);
  return [
    ...before,
    ...Array.from({ length: 8 - before.length - after.length }, () => 0),
    ...after,
  ];
}

function ipv6Words(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

function bareHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}
