import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCommand } from '../../../src/process/run-command.ts';
import { whyNoSteps } from '../../cli/cli-bench.ts';
import { createTestAuthority } from '../../support/netns/test-authority.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import type { RecordedOciRegistry } from '../../support/oci-registry/recorded-oci-registry.ts';
import { startOciRegistryProcess } from '../../support/oci-registry/registry-process.ts';
import { scratchDir } from '../../support/scratch.ts';
import { ashlarProgram, type CacheProcess, startCacheProcess } from './support/cache-process.ts';

/** Known to the proxy alone. */
const registry = 'registry.acme.test';
const untrusted = `${registry} has a certificate of an unknown authority`;
const mend = /ASHLAR_BUILD_CA/;
const scratch = scratchDir('private-authority');
const authority = createTestAuthority([registry]);
const caFile = join(scratch, 'ca.pem');
let upstream: RecordedOciRegistry;
let proxy: Server;
let trusting: CacheProcess;
const started = new AsyncDisposableStack();

beforeAll(async () => {
  for (const name of ['ca', 'cert', 'key'] as const)
    writeFileSync(join(scratch, `${name}.pem`), authority[name]);
  const { key, cert } = authority;
  upstream = started.use(
    await startOciRegistryProcess({
      tls: { key, cert },
      contents: [1, 2, 3, 4].map((seed) => ({
        repository: `team/app${seed}`,
        images: [{ seed, layerBytes: 20_000 }],
      })),
    }),
  );
  proxy = await startProxy(upstream.port);
  started.defer(() => void proxy.close());
  trusting = started.use(await serve('trusting', { ASHLAR_BUILD_CA: caFile }));
});
afterAll(() => started.disposeAsync());

/** Brings to the registry whatever is asked for, as one that inspects TLS does. */
async function startProxy(port: number): Promise<Server> {
  const server = createServer().on('connect', (_request, client) => {
    const remote = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      client.pipe(remote);
      remote.pipe(client);
    });
    client.on('error', () => remote.destroy());
    remote.on('error', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function proxied(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { port } = proxy.address() as AddressInfo;
  const none = { ASHLAR_BUILD_CA: '', NODE_EXTRA_CA_CERTS: '' };
  return { ...none, HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: 'localhost', ...env };
}

function serve(name: string, env: NodeJS.ProcessEnv): Promise<CacheProcess> {
  const pem = (part: string): string => join(scratch, `${part}.pem`);
  const tls = ['--tls-listen', '127.0.0.1:0', '--tls-cert', pem('cert'), '--tls-key', pem('key')];
  const args = ['--upstream', `${registry}=https://${registry}`, ...tls];
  return startCacheProcess({ home: join(scratch, name), args, env: proxied(env) });
}

/** `ashlar` with a home of its own. */
async function ashlar(args: readonly string[], env: NodeJS.ProcessEnv) {
  const own = { ASHLAR_HOME: join(scratch, 'client'), ASHLAR_STORE: '' };
  const { exitCode, stdout, stderr } = await runCommand(ashlarProgram, args, {
    env: { ...process.env, ...own, ASHLAR_REGISTRY_CACHE: 'none', ...proxied(env) },
    timeoutMs: 60_000,
  });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

describe('the cache, behind a proxy with an authority of its own', () => {
  it('serves with what ASHLAR_BUILD_CA names, and says who has to do what without it', async () => {
    const path = `/v2/${registry}/team/app1/manifests/latest`;
    expect((await ask(`${trusting.url}${path}`)).status).toBe(200);
    await using cache = await serve('knowing nobody', {});
    const { status, body } = await ask(`${cache.url}${path}`);
    const { errors } = JSON.parse(body.toString()) as { readonly errors: readonly unknown[] };
    expect([status, errors]).toEqual([
      502,
      [
        {
          code: 'UNAVAILABLE',
          message: expect.stringMatching(new RegExp(`${untrusted}.*${mend.source}`)),
          detail: expect.objectContaining({ code: 'registry_untrusted', class: 'operator' }),
        },
      ],
    ]);
    await vi.waitFor(() => expect(cache.log()).toMatch(mend));
  });

  it('warms with it, and says the same without', async () => {
    const image = `${registry}/team/app2:latest`;
    const where = ['--upstream', `${registry}=https://${registry}`];
    const command = ['registry-cache', 'warm', image, ...where];
    const failed = await ashlar(command, {});
    expect([failed.exitCode, failed.stdout]).toEqual([
      5,
      expect.stringMatching(
        new RegExp(`^failed: ${image}: ${untrusted}.*\nhint: .*${mend.source}`),
      ),
    ]);
    const warmed = await ashlar(command, { ASHLAR_BUILD_CA: caFile });
    expect([warmed.exitCode, warmed.stdout]).toEqual([
      0,
      expect.stringMatching(/1 manifests, 4 blobs, .* fetched/),
    ]);
  });
});

const why = whyNoSteps === '' ? '' : ` (${whyNoSteps})`;
describe.skipIf(whyNoSteps !== '')(`builds and imports${why}`, () => {
  const importing = (repository: string): readonly string[] =>
    `image import docker://${registry}/${repository}:latest -t imported --disk 64M --output json`.split(
      ' ',
    );

  it('read a registry with such a certificate, and say what is missing without it', async () => {
    const failed = await ashlar(importing('team/app3'), {});
    expect([failed.exitCode, JSON.parse(failed.stdout)]).toEqual([
      6,
      {
        error: expect.objectContaining({
          code: 'registry_untrusted',
          class: 'operator',
          message: expect.stringContaining(untrusted),
          hint: expect.stringMatching(mend),
        }),
      },
    ]);
    const imported = await ashlar(importing('team/app3'), { ASHLAR_BUILD_CA: caFile });
    expect([imported.exitCode, imported.stderr]).toEqual([0, expect.any(String)]);

    const context = join(scratch, 'context');
    mkdirSync(context);
    writeFileSync(join(context, 'Dockerfile'), `FROM ${registry}/team/app3:latest\nLABEL a=b\n`);
    const build = ['build', context, '--disk', '64M', '--pull'];
    const unbuilt = await ashlar(build, {});
    expect([unbuilt.exitCode, unbuilt.stderr]).toEqual([
      6,
      expect.stringMatching(new RegExp(`${untrusted}[^]*${mend.source}`)),
    ]);
    expect((await ashlar(build, { ASHLAR_BUILD_CA: caFile })).exitCode).toBe(0);
    const flagged = await ashlar([...build, '--no-cache', '--ca-file', caFile], {});
    expect([flagged.exitCode, flagged.stderr]).toEqual([0, expect.any(String)]);
  });

  it('come through a cache with such a certificate, and say what is missing without it', async () => {
    const url = `https://localhost:${trusting.tlsPort}`;
    const stated = { ASHLAR_REGISTRY_CACHE: url };
    const through = await ashlar(importing('team/app4'), { ...stated, ASHLAR_BUILD_CA: caFile });
    expect(JSON.parse(through.stdout)).toMatchObject({ through: url });
    const { stderr } = await ashlar(importing('team/app4'), stated);
    expect(stderr).toMatch(
      new RegExp(`registry cache at ${url} is done without: .*unknown authority.*${mend.source}`),
    );
    const doctor = await ashlar(['doctor', '--output', 'json'], stated);
    expect(doctor.stdout).toMatch(
      new RegExp(`${url}: localhost:\\d+ has a certificate.*${mend.source}`),
    );
  });
});
