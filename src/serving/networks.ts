import { BlockList, isIP, isIPv4 } from 'node:net';
import { AshlarError } from '../errors/ashlar-error.ts';

/** Loopback, link-local, private and shared address space: RFC 1122, 3927, 1918, 6598, 4291, 4193. */
export const privateNetworks: readonly string[] = [
  '127.0.0.0/8',
  '169.254.0.0/16',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '::1/128',
  'fe80::/10',
  'fc00::/7',
];

/** Says of an address whether it is in one of these networks, or one of these addresses. Throws `config_invalid` for what is neither. */
export function createNetworkCheck(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const text of networks) {
    const network = parseNetwork(text);
    if (network === null) {
      const problem = `${JSON.stringify(text)} is no network and no address`;
      throw new AshlarError('config_invalid', problem, {
        data: { network: text },
        hint: 'Write a network as 192.0.2.0/24 or 2001:db8::/32.',
      });
    }
    list.addSubnet(network.address, network.bits, network.family);
  }
  return (address) => {
    const plain = (address.split('%')[0] ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
    return isIP(plain) !== 0 && list.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6');
  };
}

export function isNetwork(text: string): boolean {
  return parseNetwork(text) !== null;
}

interface Network {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

function parseNetwork(text: string): Network | null {
  const [, address = '', stated] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIPv4(address) ? 'ipv4' : 'ipv6';
  const maxBits = family === 'ipv4' ? 32 : 128;
  const bits = Number(stated ?? maxBits);
  return isIP(address) === 0 || bits > maxBits ? null : { address, bits, family };
}
