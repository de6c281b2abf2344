import { X509Certificate } from 'node:crypto';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../src/process/run-command.ts';
import { openTlsAuthority } from '../../src/tls/authority.ts';
import { readPublishedAuthorities } from '../../src/tls/authority-facts.ts';
import { scratchDir } from '../support/scratch.ts';
import { signByHand } from './support/hand-made.ts';
import { connectTls, startTlsServer } from './support/tls-server.ts';

const scratch = scratchDir('tls-authority');
const hosts = ['registry.npm.test', 'Registry.Yarn.TEST.'];
const open = (name: string, more: readonly string[] = []) =>
  openTlsAuthority({
    directory: join(scratch, name),
    hosts: [...hosts, ...more],
    nowMs: Date.now,
  });

describe('an authority', () => {
  it('is made once, in a directory and files for its owner alone', async () => {
    const directory = join(scratch, 'once');
    const first = await (await open('once')).caBundlePem();
    expect(await (await open('once')).caBundlePem()).toBe(first);
    expect(await readPublishedAuthorities(directory, Date.now())).toMatchObject([
      { certificatePem: first },
    ]);
    expect(await readdir(directory)).toEqual(['authority-0001.pem']);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await stat(join(directory, 'authority-0001.pem'))).mode & 0o777).toBe(0o600);
    expect(first).not.toContain('PRIVATE');
  });

  it('is confined to its hosts, critically, by what openssl reads', async () => {
    const authority = await open('once');
    await writeFile(join(scratch, 'text.pem'), await authority.caBundlePem());
    const args = ['x509', '-in', join(scratch, 'text.pem'), '-noout', '-text'];
    const text = (await runCommand('openssl', args)).stdout.toString().replaceAll(/\n */g, '\n');
    expect(text).toContain(
      'Name Constraints: critical\nPermitted:\nDNS:registry.npm.test\nDNS:registry.yarn.test\nExcluded:\nIP:0.0.0.0/0.0.0.0\nIP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0\n',
    );
    expect(text).toContain('Basic Constraints: critical\nCA:TRUE, pathlen:0\n');
    expect(text).toContain('Key Usage: critical\nCertificate Sign, CRL Sign\n');
    expect(text).toContain('Signature Algorithm: sha256WithRSAEncryption');
    const subject = /Subject Key Identifier: \n([0-9A-F:]+)/.exec(text)?.[1];
    expect(text).toContain(`Authority Key Identifier: \n${subject}\n`);
  });

  it('tells what it is', async () => {
    const authority = await open('once');
    await authority.secureContextFor('registry.npm.test');
    const { directory, authorities, leaves } = await authority.facts();
    const certificate = new X509Certificate(await authority.caBundlePem());
    expect(directory).toBe(join(scratch, 'once'));
    expect(authorities).toEqual([
      {
        subject: expect.stringMatching(
          /^O=Ashlar, CN=Ashlar mirror authority [0-9a-f]{8}$/,
        ) as string,
        fingerprintSha256: certificate.fingerprint256,
        notBeforeMs: certificate.validFromDate.getTime(),
        notAfterMs: certificate.validToDate.getTime(),
        hosts: ['registry.npm.test', 'registry.yarn.test'],
        signs: ['registry.npm.test', 'registry.yarn.test'],
        certificatePem: certificate.toString(),
      },
    ]);
    expect(leaves).toEqual([
      { host: 'registry.npm.test', notAfterMs: expect.any(Number) as number },
    ]);
  });

  it('has certificates for its hosts alone', async () => {
    const authority = await open('once');
    expect(await authority.secureContextFor('REGISTRY.npm.test.')).not.toBeNull();
    for (const other of [
      'below.registry.npm.test',
      'npm.test',
      'localhost',
      '127.0.0.1',
      '',
      '*',
      'registry.npm.test\0.evil.test',
    ])
      expect(await authority.secureContextFor(other)).toBeNull();
  });

  it.each([[[]], [['127.0.0.1']], [['::1']], [['']], [['a b']], [['*.npm.test']], [['-a.test']]])(
    'is not made for %j',
    async (names) => {
      const options = { directory: join(scratch, 'none'), hosts: names, nowMs: Date.now };
      await expect(openTlsAuthority(options)).rejects.toMatchObject({ code: 'config_invalid' });
    },
  );

  it('takes names in other scripts, and long ones', async () => {
    const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.test`;
    const authority = await open('names', ['bücher.test', long]);
    expect(authority.hosts).toContain('xn--bcher-kva.test');
    await using server = await startTlsServer({ SNICallback: authority.sniCallback });
    for (const servername of [long, 'xn--bcher-kva.test']) {
      const socket = await connectTls(server.port, {
        servername,
        ca: await authority.caBundlePem(),
      });
      expect(socket.authorized).toBe(true);
    }
  });
});

describe('somebody who has stolen the key', () => {
  it.each([
    ['DNS:evil.test', 'permitted subtree violation'],
    ['DNS:registry.npm.test.evil.test', 'permitted subtree violation'],
    ['DNS:registry.npm.test,DNS:evil.test', 'permitted subtree violation'],
    ['IP:127.0.0.1', 'excluded subtree violation'],
    ['IP:::1', 'excluded subtree violation'],
  ])('cannot sign for %s: openssl and Node.js see it', async (names, words) => {
    const authority = await open('once');
    const file = join(scratch, 'once', 'authority-0001.pem');
    const { certificatePem, keyPem } = await signByHand(scratch, file, names);
    const verify = ['verify', '-CAfile', file, join(scratch, 'leaf.pem')];
    const judged = await runCommand('openssl', verify);
    expect([judged.exitCode, judged.stderr.toString()]).toEqual([
      2,
      expect.stringContaining(words),
    ]);
    await using server = await startTlsServer({ cert: certificatePem, key: keyPem });
    const ca = await authority.caBundlePem();
    const connecting = connectTls(server.port, { servername: 'evil.test', ca });
    await expect(connecting).rejects.toThrow(words);
  });

  it('can sign for a host of the mirror, which shows that the cases above fail for their names alone', async () => {
    const authority = await open('once');
    const file = join(scratch, 'once', 'authority-0001.pem');
    const leaf = await signByHand(scratch, file, 'DNS:registry.npm.test');
    await using server = await startTlsServer({ cert: leaf.certificatePem, key: leaf.keyPem });
    const ca = await authority.caBundlePem();
    const socket = await connectTls(server.port, { servername: 'registry.npm.test', ca });
    expect(socket.authorized).toBe(true);
  });

  it('cannot make an authority below it', async () => {
    await open('once');
    const file = join(scratch, 'once', 'authority-0001.pem');
    const below = await signByHand(
      scratch,
      file,
      'DNS:registry.npm.test\nbasicConstraints=critical,CA:TRUE',
    );
    const belowFile = join(scratch, 'below.pem');
    await writeFile(belowFile, below.certificatePem + below.keyPem);
    await signByHand(scratch, belowFile, 'DNS:registry.npm.test');
    const verify = ['verify', '-CAfile', file, '-untrusted', belowFile, join(scratch, 'leaf.pem')];
    const judged = await runCommand('openssl', verify);
    expect([judged.exitCode, judged.stderr.toString()]).toEqual([
      2,
      expect.stringContaining('path length constraint exceeded'),
    ]);
  });
});
