import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer as createPlainServer, type Server as PlainServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCommand } from '../../../src/process/run-command.ts';
import { openTlsAuthority } from '../../../src/tls/authority.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { scratchDir } from '../../support/scratch.ts';
import { ashlarProgram, startMirrorProcess } from '../processes/support/mirror-process.ts';
import { startTestMirror } from '../support/test-mirror.ts';

const scratch = scratchDir('untrusted');
const ca = join(scratch, 'ca.pem');
let registry: Server;
let proxy: PlainServer;

function portOf(server: { address(): unknown }): number {
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  const authority = await openTlsAuthority({
    directory: join(scratch, 'authority'),
    hosts: ['localhost', 'registry.acme.test'],
    nowMs: Date.now,
  });
  await writeFile(ca, await authority.caBundlePem());
  registry = createServer({ SNICallback: authority.sniCallback }, (_request, response) =>
    response.writeHead(404, { 'content-type': 'application/json' }).end('{}'),
  );
  registry.on('tlsClientError', () => {});
  proxy = createPlainServer();
  proxy.on('connect', (_request, client) => {
    const remote = connect(portOf(registry), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      client.pipe(remote);
      remote.pipe(client);
    });
    client.on('error', () => remote.destroy());
    remote.on('error', () => client.destroy());
  });
  for (const server of [registry, proxy]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
});
afterAll(() => {
  for (const server of [registry, proxy]) {
    server.closeAllConnections();
    server.close();
  }
});

interface Refused {
  readonly error: string;
  readonly code: string;
  readonly class: string;
}

interface Status {
  readonly findings: readonly { readonly message: string }[];
}

it('a certificate of an unknown authority is told to all at once, with its mend, and is the operator’s', async () => {
  const env = { HTTPS_PROXY: `http://127.0.0.1:${portOf(proxy)}` };
  await using mirror = await startTestMirror({
    upstreams: ['https://registry.acme.test/'],
    core: { env },
  });
  const beganMs = performance.now();
  // Of an origin that rests each would wait for its turn.
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, number) => ask(`${mirror.url}/package-${number}`)),
  );
  expect(performance.now() - beganMs).toBeLessThan(8_000);
  for (const { status, headers, body } of answers) {
    expect([status, headers['retry-after']]).toEqual([502, undefined]);
    const refused = JSON.parse(body.toString()) as Refused;
    expect(refused).toMatchObject({ code: 'registry_untrusted', class: 'operator' });
    expect(refused.error).toMatch(
      /^registry\.acme\.test has a certificate of an unknown authority\. .*NODE_EXTRA_CA_CERTS/,
    );
  }
  expect(mirror.records[0]?.outcome).toMatchObject({
    hint: expect.stringContaining('NODE_EXTRA_CA_CERTS') as string,
  });
  const status = await ask(`${mirror.url}/-/ashlar/status`);
  const { findings } = JSON.parse(status.body.toString()) as Status;
  const words = findings.map(({ message }) => message).join('\n');
  expect(words).toMatch(/^https:\/\/registry\.acme\.test fails for .*NODE_EXTRA_CA_CERTS/m);
  expect(words).toMatch(/^60 of 60 requests failed lately, the last with: .*NODE_EXTRA_CA_CERTS/m);
});

it('a name that leads to this machine itself is told of', async () => {
  const upstreams = [`https://localhost:${portOf(registry)}/`];
  await using mirror = await startTestMirror({ upstreams });
  const { body } = await ask(`${mirror.url}/one`);
  expect((JSON.parse(body.toString()) as Refused).error).toMatch(
    /^localhost:\d+ has a certificate of an unknown authority and leads to this machine itself\. .*\/etc\/hosts/,
  );
  const audit = await ask(`${mirror.url}/-/npm/v1/security/advisories/bulk`, {
    method: 'POST',
    body: Buffer.from('{}'),
  });
  expect(JSON.parse(audit.body.toString())).toMatchObject({ code: 'registry_untrusted' });
});

it('serve and warm trust what ASHLAR_BUILD_CA names', async () => {
  const home = join(scratch, 'home');
  const upstream = `https://localhost:${portOf(registry)}/`;
  const args = ['--upstream', upstream];
  await using mirror = await startMirrorProcess({ home, args, env: { ASHLAR_BUILD_CA: ca } });
  expect((await ask(`${mirror.url}one`)).status).toBe(404);
  const lockfile = join(scratch, 'package-lock.json');
  const one = { version: '1.0.0', resolved: 'https://registry.yarnpkg.com/one/-/one-1.0.0.tgz' };
  const packages = { '': { name: 'app' }, 'node_modules/one': one };
  await writeFile(lockfile, JSON.stringify({ name: 'app', lockfileVersion: 3, packages }));
  const warm = async (env: Record<string, string>): Promise<string> => {
    const command = ['mirror', 'warm', lockfile, ...args];
    const ended = await runCommand(ashlarProgram, command, {
      env: { ...mirror.env, ...env },
      timeoutMs: 60_000,
    });
    expect(ended.exitCode).toBe(5);
    return ended.stdout.toString();
  };
  const trusted = await warm({ ASHLAR_BUILD_CA: ca });
  expect(trusted).toMatch(/^1 of 1 packages FAILED; 0 tarballs are there/);
  expect(trusted).toContain('answered 404');
  const untrusted = await warm({ ASHLAR_BUILD_CA: '' });
  expect(untrusted).toMatch(/^failed: one@1\.0\.0: localhost:\d+ has a certificate of an unknown/m);
  expect(untrusted).toMatch(/^hint: .*NODE_EXTRA_CA_CERTS/m);
});
