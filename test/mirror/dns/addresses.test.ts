import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { othersThan, systemResolvers } from '../../../mirror/dns/resolver-address.ts';
import { createNetworkCheck, privateNetworks } from '../../../src/serving/networks.ts';
import { scratchDir } from '../../support/scratch.ts';

const scratch = scratchDir('dns-addresses');

describe('the resolvers of this machine', () => {
  const file = join(scratch, 'resolv.conf');
  const text =
    '# nameserver 198.51.100.9\nsearch test\nnameserver 127.0.0.1\n nameserver\t198.51.100.1 # first\nnameserver 198.51.100.1\nnameserver nonsense\nnameserver ::1\noptions edns0\nnameserver 198.51.100.2\n';

  it('are those of resolv.conf, but for the responder itself', async () => {
    await writeFile(file, text);
    const all = await systemResolvers(file);
    expect(all.map(({ port }) => port)).toEqual([53, 53, 53, 53]);
    const others = (host: string, port: number): string[] =>
      othersThan({ host, port }, all).map((resolver) => resolver.host);
    expect(others('127.0.0.1', 53)).toEqual(['198.51.100.1', '::1', '198.51.100.2']);
    expect(others('0.0.0.0', 53)).toEqual(['198.51.100.1', '198.51.100.2']);
    expect(others('::', 53)).toEqual(['198.51.100.1', '198.51.100.2']);
    expect(others('127.0.0.1', 5353)).toEqual(['127.0.0.1', '198.51.100.1', '::1', '198.51.100.2']);
  });

  it('are none without the file, and four at most', async () => {
    expect(await systemResolvers(join(scratch, 'missing'))).toEqual([]);
    const lines = Array.from({ length: 9 }, (_, index) => `nameserver 198.51.100.${index}\n`);
    await writeFile(file, lines.join(''));
    expect(await systemResolvers(file)).toHaveLength(4);
  });
});

describe('networks of clients', () => {
  it.each([
    ['127.0.0.1', true],
    ['::1', true],
    ['::ffff:10.1.2.3', true],
    ['172.31.255.255', true],
    ['172.32.0.0', false],
    ['192.168.7.7', true],
    ['100.64.1.1', true],
    ['100.128.0.1', false],
    ['fe80::1%eth0', true],
    ['fd12::1', true],
    ['2001:db8::1', false],
    ['8.8.8.8', false],
    ['::ffff:8.8.8.8', false],
    ['', false],
    ['nonsense', false],
  ])('private ones and %s: %s', (address, isIn) => {
    expect(createNetworkCheck(privateNetworks)(address)).toBe(isIn);
  });

  it.each(['', '10.0.0.0/33', '10.0.0/8', '::/129', 'host/8', '10.0.0.0/-1', '10.0.0.0/8/8'])(
    'are not %j',
    (network) => {
      const make = (): unknown => createNetworkCheck([network]);
      expect(make).toThrow(expect.objectContaining({ code: 'config_invalid' }));
    },
  );
});
