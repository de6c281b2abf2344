import { spawnSync } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, runCommand } from '../../src/process/run-command.ts';
import { openTlsAuthority, type TlsAuthority } from '../../src/tls/authority.ts';
import { scratchDir } from '../support/scratch.ts';
import { connectTls, startTlsServer, type TlsServer } from './support/tls-server.ts';

const scratch = scratchDir('tls-handshake');
const bundle = join(scratch, 'bundle.pem');
const host = 'registry.npm.test';
const noCurl = spawnSync('curl', ['--version']).status === 0 ? '' : 'curl is not installed';
let authority: TlsAuthority;
let server: TlsServer;

beforeAll(async () => {
  const directory = join(scratch, 'authority');
  authority = await openTlsAuthority({ directory, hosts: [host], nowMs: Date.now });
  await writeFile(bundle, await authority.caBundlePem());
  server = await startTlsServer({ SNICallback: authority.sniCallback });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

function openssl(...more: readonly string[]): Promise<CommandResult> {
  const args = ['s_client', '-connect', `127.0.0.1:${server.port}`, '-servername', host];
  return runCommand('openssl', [...args, '-CAfile', bundle, '-verify_return_error', ...more], {
    timeoutMs: 20_000,
  });
}

describe('a server with leaves by name', () => {
  it('is trusted by Node.js, with a certificate for this host alone', async () => {
    const { certificate } = await connectTls(server.port, {
      servername: host,
      ca: await authority.caBundlePem(),
    });
    const { subject, subjectaltname, ext_key_usage: usage, bits } = certificate;
    expect({ subject, subjectaltname, usage, bits }).toEqual({
      subject: { O: 'Ashlar', CN: host },
      subjectaltname: `DNS:${host}`,
      usage: ['1.3.6.1.5.5.7.3.1'],
      bits: 2048,
    });
  });

  it('makes one certificate however many come at once', async () => {
    const other = await openTlsAuthority({
      directory: join(scratch, 'authority'),
      hosts: [host],
      nowMs: Date.now,
    });
    const contexts = await Promise.all(
      Array.from({ length: 50 }, () => other.secureContextFor(host)),
    );
    expect(new Set(contexts).size).toBe(1);
  });

  // What OpenSSL 1.0.1 of 2014 has: TLS 1.2, RSA key exchange or ECDHE with RSA, CBC or GCM.
  it.each([
    'AES128-SHA',
    'AES128-SHA256',
    'AES256-GCM-SHA384',
    'ECDHE-RSA-AES128-SHA',
    'ECDHE-RSA-AES128-GCM-SHA256',
  ])('takes TLS 1.2 with %s', async (cipher) => {
    const { exitCode, stdout } = await openssl('-tls1_2', '-cipher', `${cipher}:@SECLEVEL=1`);
    const text = stdout.toString();
    expect(exitCode).toBe(0);
    expect(text).toContain(`\nTLSv1.2 ${cipher}\n`);
    expect(text).toContain('Verify return code: 0 (ok)');
    expect(text).toContain('Server public key is 2048 bit');
  });

  it('takes TLS 1.3', async () => {
    const text = (await openssl('-tls1_3', '-verify_hostname', host)).stdout.toString();
    expect(text).toContain('TLSv1.3, Cipher is');
    expect(text).toContain('Verification: OK');
    expect(text).toContain('Verify return code: 0 (ok)');
  });

  it('does not take TLS 1.1', async () => {
    const { exitCode, stderr } = await openssl('-tls1_1', '-cipher', 'ALL:@SECLEVEL=0');
    expect(exitCode).not.toBe(0);
    expect(stderr.toString()).toMatch(/alert protocol version|unsupported protocol/);
  });

  it.each(['other.test', 'below.registry.npm.test'])('ends the handshake for %s', async (name) => {
    const ca = await authority.caBundlePem();
    const connecting = connectTls(server.port, { servername: name, ca });
    await expect(connecting).rejects.toMatchObject({
      code: 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
    });
  });

  it('goes on with what it has when its directory becomes unsafe, and refuses what it has not', async () => {
    const directory = join(scratch, 'unsafe');
    const hosts = [host, 'other.test'];
    const unsafe = await openTlsAuthority({ directory, hosts, nowMs: Date.now });
    const ca = await unsafe.caBundlePem();
    await using hurt = await startTlsServer({ SNICallback: unsafe.sniCallback });
    await connectTls(hurt.port, { servername: host, ca });
    await chmod(join(directory, 'authority-0001.pem'), 0o644);
    await connectTls(hurt.port, { servername: host, ca });
    await expect(connectTls(hurt.port, { servername: 'other.test', ca })).rejects.toThrow(
      'disconnected before secure TLS connection was established',
    );
    expect(hurt.failures).toEqual([expect.stringContaining('has mode 0644')]);
  });

  it.skipIf(noCurl !== '')(`is trusted by curl ${noCurl}`, async () => {
    const url = `https://${host}:${server.port}/`;
    const args = ['-sS', '--resolve', `${host}:${server.port}:127.0.0.1`, '--noproxy', '*'];
    const trusted = await runCommand('curl', [...args, '--cacert', bundle, url]);
    expect(trusted.stdout.toString()).toMatch(/^TLSv1\.3 /);
    const untrusted = await runCommand('curl', [...args, url]);
    expect([untrusted.exitCode, untrusted.stdout.toString()]).toEqual([60, '']);
  });
});
