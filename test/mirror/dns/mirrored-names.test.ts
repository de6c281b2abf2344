import { spawnSync } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDnsResponder, type DnsResponder } from '../../../mirror/dns/dns-responder.ts';
import { runCommand } from '../../../src/process/run-command.ts';
import { askTcp, askUdp, query } from './support/ask.ts';

const host = 'registry.npm.test';
const noDig = spawnSync('dig', ['-v']).status === 0 ? '' : 'dig is not installed';
let responder: DnsResponder;

beforeAll(async () => {
  responder = await createDnsResponder({
    listen: { host: '127.0.0.1', port: 0 },
    answers: new Map([
      ['Registry.NPM.test.', ['10.1.2.3', '10.1.2.4', 'fd00::5']],
      ['only4.test', ['10.1.2.3']],
    ]),
    forwardTo: [],
  });
});
afterAll(async () => {
  await responder[Symbol.asyncDispose]();
});

describe('a name of the mirror', () => {
  it('has the addresses of the mirror, over UDP and TCP', async () => {
    const expected = ['10.1.2.3', '10.1.2.4'].map(
      (data) => expect.objectContaining({ type: 'A', name: host, ttl: 60, data }) as unknown,
    );
    const overUdp = await askUdp(responder, query({ name: host }));
    const [overTcp] = await askTcp(responder, query({ name: host }));
    for (const reply of [overUdp, overTcp]) {
      expect(reply?.answers).toEqual(expected);
      expect(reply).toMatchObject({
        id: 4711,
        rcode: 'NOERROR',
        flag_qr: true,
        flag_aa: true,
        flag_rd: true,
        flag_ra: true,
        flag_tc: false,
        flag_ad: false,
        additionals: [],
      });
    }
    const six = await askUdp(responder, query({ name: host, type: 'AAAA' }));
    expect(six.answers).toMatchObject([{ type: 'AAAA', data: 'fd00::5' }]);
    const any = await askUdp(responder, query({ name: host, type: 'ANY' }));
    expect(any.answers?.map(({ type }) => type)).toEqual(['A', 'A', 'AAAA']);
  });

  it('is found in any case of letters, and the case is repeated', async () => {
    const name = 'rEgIsTrY.NpM.tESt';
    const { questions, answers } = await askUdp(responder, query({ name }));
    expect([questions?.[0]?.name, answers?.[0]?.name]).toEqual([name, name]);
  });

  it.each(['HTTPS', 'UNKNOWN_64', 'TXT', 'MX', 'NS', 'CNAME', 'SRV', 'UNKNOWN_65280'])(
    'has no %s, and clients may keep that for as long',
    async (type) => {
      const numbered = type === 'HTTPS' ? 'UNKNOWN_65' : type;
      const {
        rcode,
        answers,
        authorities,
        flag_aa: isAuthoritative,
      } = await askUdp(responder, query({ name: host, type: numbered }));
      expect([rcode, answers, isAuthoritative]).toEqual(['NOERROR', [], true]);
      expect(authorities).toMatchObject([
        { type: 'SOA', name: host, ttl: 60, data: { minimum: 60 } },
      ]);
    },
  );

  it('has no address of a family that the mirror has none of', async () => {
    const { rcode, answers } = await askUdp(responder, query({ name: 'only4.test', type: 'AAAA' }));
    expect([rcode, answers]).toEqual(['NOERROR', []]);
  });

  it('is answered with EDNS when the query has it', async () => {
    const { additionals, answers } = await askUdp(responder, query({ name: host, udpBytes: 4096 }));
    expect(additionals).toMatchObject([
      { type: 'OPT', udpPayloadSize: 1232, ednsVersion: 0, extendedRcode: 0 },
    ]);
    expect(answers).toHaveLength(2);
    const other = await askUdp(responder, query({ name: host, udpBytes: 4096, ednsVersion: 1 }));
    expect(other.additionals).toMatchObject([{ type: 'OPT', extendedRcode: 1 }]);
    expect([other.answers, other.rcode]).toEqual([[], 'NOERROR']);
  });

  it.each([
    'below.registry.npm.test',
    'npm.test',
    'xregistry.npm.test',
    'registry.npm.test.evil.test',
  ])('is not %s', async (name) => {
    expect((await askUdp(responder, query({ name }))).rcode).toBe('REFUSED');
  });

  it('is not a single label with dots in it', async () => {
    const bytes = query({ name: host });
    // The two inner lengths become dots, the first length that of the whole name.
    bytes.writeUInt8(host.length, 12);
    bytes.write(host, 13, 'latin1');
    const reply = await askUdp(responder, bytes);
    expect([reply.rcode, reply.answers]).toEqual(['REFUSED', []]);
    expect(reply.bytes.subarray(12)).toEqual(bytes.subarray(12));
  });

  it('is what it is to the resolver of Node.js', async () => {
    const resolver = new Resolver({ timeout: 5000, tries: 1 });
    resolver.setServers([`127.0.0.1:${responder.port}`]);
    expect(await resolver.resolve4(host)).toEqual(['10.1.2.3', '10.1.2.4']);
    expect(await resolver.resolve6(host)).toEqual(['fd00::5']);
    await expect(resolver.resolveTxt(host)).rejects.toMatchObject({ code: 'ENODATA' });
    await expect(resolver.resolve4('other.test')).rejects.toMatchObject({ code: 'EREFUSED' });
  });

  it.skipIf(noDig !== '').each([
    ['', 'A', /ANSWER: 2[\s\S]*registry\.npm\.test\.\s+60\s+IN\s+A\s+10\.1\.2\.3\n/],
    ['+tcp', 'AAAA', /ANSWER: 1[\s\S]*\s60\s+IN\s+AAAA\s+fd00::5\n/],
    ['+noedns', 'A', /ANSWER: 2, AUTHORITY: 0, ADDITIONAL: 0\n/],
    ['+dnssec', 'A', /flags: do; udp: 1232\n/],
    ['', 'HTTPS', /status: NOERROR[\s\S]*ANSWER: 0, AUTHORITY: 1[\s\S]*\s60\s+IN\s+SOA\s/],
  ])(`is what it is to dig %s %s ${noDig}`, async (flag, type, pattern) => {
    const at = ['@127.0.0.1', '-p', String(responder.port), '+tries=1', '+timeout=5'];
    const args = [...at, ...(flag === '' ? [] : [flag]), host, type];
    const text = (await runCommand('dig', args, { timeoutMs: 10_000 })).stdout.toString();
    expect(text).toMatch(pattern);
    expect(text).toMatch(/flags: qr aa rd( ra)?/);
    expect(text).not.toMatch(/WARNING|malformed|Question section mismatch/);
  });
});

describe('a responder', () => {
  const options = { listen: { host: '127.0.0.1', port: 0 }, forwardTo: [] };

  it.each([[['nonsense']], [[]], [['10.0.0.1', '10.0.0.256']], [['registry.test']]])(
    'is not made with the addresses %j',
    async (list) => {
      const answers = new Map([[host, list]]);
      await expect(createDnsResponder({ ...options, answers })).rejects.toMatchObject({
        code: 'config_invalid',
      });
    },
  );

  it('says that its port is in use, for TCP and for UDP', async () => {
    const listen = { host: '127.0.0.1', port: responder.port };
    const second = createDnsResponder({ ...options, listen, answers: new Map() });
    await expect(second).rejects.toMatchObject({
      code: 'port_in_use',
      message: `DNS cannot listen at 127.0.0.1 port ${responder.port}: something else listens there`,
    });
    expect((await askUdp(responder, query({ name: host }))).answers).toHaveLength(2);
  });

  it('says that an address is not of this machine', async () => {
    const listen = { host: '192.0.2.1', port: 0 };
    await expect(
      createDnsResponder({ ...options, listen, answers: new Map() }),
    ).rejects.toMatchObject({ code: 'config_invalid' });
  });

  const noIpv6 = Object.values(networkInterfaces())
    .flat()
    .some((each) => each?.address === '::1')
    ? ''
    : 'this machine has no IPv6';
  it.skipIf(noIpv6 !== '')(`answers over IPv6 ${noIpv6}`, async () => {
    for (const address of ['::1', '::']) {
      const answers = new Map([[host, ['10.0.0.1']]]);
      const listen = { host: address, port: 0 };
      await using sixth = await createDnsResponder({ ...options, listen, answers });
      const resolver = new Resolver({ timeout: 5000, tries: 1 });
      resolver.setServers([`[::1]:${sixth.port}`]);
      expect(await resolver.resolve4(host)).toEqual(['10.0.0.1']);
      if (address === '::') resolver.setServers([`127.0.0.1:${sixth.port}`]);
      expect(await resolver.resolve4(host)).toEqual(['10.0.0.1']);
    }
  });

  it('frees its port when it is closed', async () => {
    const first = await createDnsResponder({ ...options, answers: new Map() });
    const listen = { host: '127.0.0.1', port: first.port };
    await first[Symbol.asyncDispose]();
    await using second = await createDnsResponder({ ...options, listen, answers: new Map() });
    expect(second.port).toBe(first.port);
  });
});
