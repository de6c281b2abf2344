import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliBench, createCliBench, jsonOf, whyNoSteps } from '../../cli/cli-bench.ts';
import type { RecordedOciRegistry } from '../../support/oci-registry/recorded-oci-registry.ts';
import { startOciRegistryProcess } from '../../support/oci-registry/registry-process.ts';
import { type CacheProcess, startCacheProcess } from '../clients-real/support/cache-process.ts';

const users = { alice: { password: 'secret of alice', repositories: ['private/*'] } };
let bench: CliBench;
let upstream: RecordedOciRegistry;

beforeAll(async () => {
  if (whyNoSteps !== '') return;
  bench = await createCliBench();
  upstream = await startOciRegistryProcess({
    auth: { scheme: 'bearer', users, anonymous: ['team/*'] },
    contents: [1, 2, 3, 4, 5, 6].map((seed) => ({
      repository: seed === 6 ? 'private/app' : `team/app${seed}`,
      images: [{ seed, layerBytes: 20_000 }],
    })),
  });
});
afterAll(async () => {
  await upstream?.[Symbol.asyncDispose]();
  await bench?.[Symbol.asyncDispose]();
});

/** With the state directory of the bench, unless told otherwise, and its upstream as a registry by its own name. */
function startCache(home = bench.home): Promise<CacheProcess> {
  const args = ['--upstream', `${upstream.host}=${upstream.url}`];
  return startCacheProcess({ home, args });
}

/** It is well, as far as it says, and has nothing but trouble with its upstream. */
async function startFailingCache(port = 0) {
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    const isHealth = url === '/-/ashlar/health';
    if (!isHealth) asked.push(url);
    response.statusCode = isHealth ? 200 : 502;
    response.end(isHealth ? JSON.stringify({ registries: [upstream.host] }) : '');
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Imported {
  readonly digest: string;
  readonly through: string | null;
  readonly ledger: { readonly entries: readonly { readonly subject: string }[] };
}

async function importImage(repository: string, env: NodeJS.ProcessEnv = {}) {
  const source = `docker://${upstream.host}/${repository}:latest`;
  const args = [
    'image',
    'import',
    source,
    '-t',
    'imported:test',
    '--disk',
    '64M',
    '--output',
    'json',
  ];
  const result = await bench.run(args, { env });
  return { ...result, document: result.exitCode === 0 ? (jsonOf(result) as Imported) : null };
}

async function detailOf(env: NodeJS.ProcessEnv = {}) {
  const { stdout } = await bench.run(['doctor', '--output', 'json'], { env });
  const { checks } = JSON.parse(stdout) as {
    readonly checks: readonly { name: string; ok: boolean; detail: string }[];
  };
  return checks.find(({ name }) => name === 'registry cache');
}

const why = whyNoSteps === '' ? '' : ` (${whyNoSteps})`;
describe.skipIf(whyNoSteps !== '')(`builds and imports${why}`, () => {
  it('go through the cache that runs with the same home, and say so', async () => {
    await using cache = await startCache();
    const base = `${upstream.host}/team/app1:latest`;
    const dockerfile = `FROM ${base}\nLABEL a=b\n`;
    const flags = ['--disk', '64M', '--output', 'json', '--progress', 'json'];
    await upstream.resetCounts();
    const built = await bench.build(dockerfile, { args: flags });
    expect([built.exitCode, built.stderr]).toEqual([
      0,
      expect.stringMatching(
        `"kind":"base","reference":"${base}".*"from":"registry","through":"${cache.url}"`,
      ),
    ]);
    const { entries } = (jsonOf(built) as Imported).ledger;
    const asked = entries.filter(({ subject }) => /^(?:GET|HEAD) /.test(subject));
    expect(asked.length).toBeGreaterThan(0);
    for (const { subject } of asked) expect(subject.split(' ')[1]).toMatch(/^127\.0\.0\.1:\d+\//);
    expect(asked.filter(({ subject }) => subject.includes(` ${upstream.host}/`))).toEqual([]);
    const paid = (await upstream.counts()).totalRequests;
    expect(paid).toBeGreaterThan(0);
    const again = await bench.build(dockerfile, {
      args: [...flags.slice(0, 2), '--pull', '--no-cache'],
    });
    expect(again.stderr).toContain(
      `base ${base} from the registry through the registry cache at ${cache.url}: `,
    );
    expect((await upstream.counts()).totalRequests).toBe(paid);
    const { document } = await importImage('team/app1');
    expect(document?.through).toBe(cache.url);
    expect((await upstream.counts()).totalRequests).toBe(paid);
    expect(await detailOf()).toMatchObject({
      ok: true,
      detail: expect.stringContaining(cache.url),
    });
  });

  it('go to the registry with --no-mirrors, for the same image', async () => {
    await using cache = await startCache();
    const dockerfile = `FROM ${upstream.host}/team/app3:latest\nLABEL a=b\n`;
    const args = ['--disk', '64M', '--no-setup', '--pull', '--no-cache'];
    const through = await bench.build(dockerfile, { args });
    expect(through.stderr).toContain(` through the registry cache at ${cache.url}: `);
    const straight = await bench.build(dockerfile, { args: [...args, '--no-mirrors'] });
    expect(straight.stderr).toContain('from the registry: ');
    expect([straight.exitCode, straight.stdout]).toEqual([0, through.stdout]);
  });

  it('go to the registry when the cache has ended, in whichever way', async () => {
    await using ended = await startCache();
    await ended[Symbol.asyncDispose]();
    const first = await importImage('team/app2');
    expect([first.exitCode, first.document?.through]).toEqual([0, null]);
    await using killed = await startCache();
    await killed.kill();
    const second = await importImage('team/app2');
    expect([second.exitCode, second.document?.through]).toEqual([0, null]);
    expect(second.stderr).not.toContain('warning');
    expect((await detailOf())?.detail).toContain('none');
    // What it has left on disk leads nobody to whoever listens there next.
    await using stranger = await startFailingCache(killed.port);
    const third = await importImage('team/app2');
    expect([third.exitCode, third.document?.through]).toEqual([0, null]);
    expect((await detailOf())?.detail).toContain('none');
    expect(stranger.asked).toEqual([]);
  });

  it('go to the registry for what the cache may not have', async () => {
    await using cache = await startCache();
    const auth = Buffer.from(`alice:${users.alice.password}`).toString('base64');
    const config = JSON.stringify({ auths: { [upstream.host]: { auth } } });
    const directory = await bench.context({ 'config.json': config });
    const { exitCode, document, stderr } = await importImage('private/app', {
      DOCKER_CONFIG: directory,
    });
    expect([exitCode, document?.through]).toEqual([0, null]);
    expect(stderr).not.toContain('warning');
    const { credentials } = await upstream.counts();
    expect(credentials.registry).toContain(`Basic ${auth}`);
    // The cache was asked, and has told nobody.
    expect(cache.log()).toContain('"subject":"');
    expect(cache.log()).not.toContain(auth);
  });

  it('finish at the registry, and say so, when the cache fails on the way', async () => {
    await using cache = await startFailingCache();
    const { exitCode, document, stderr } = await importImage('team/app4', {
      ASHLAR_REGISTRY_CACHE: cache.url,
    });
    expect([exitCode, document?.through]).toEqual([0, null]);
    expect(stderr).toContain(`warning: the registry cache at ${cache.url} has failed`);
    // Tried twice, and then left alone.
    expect(cache.asked).toEqual([expect.stringContaining('/manifests/latest'), cache.asked[0]]);
  });

  it('take the cache that ASHLAR_REGISTRY_CACHE names, or none', async () => {
    await using own = await startCache();
    await using other = await startCache(join(bench.path, 'other'));
    const stated = await importImage('team/app5', { ASHLAR_REGISTRY_CACHE: `${other.url}/` });
    expect(stated.document?.through).toBe(other.url);
    const none = await importImage('team/app5', { ASHLAR_REGISTRY_CACHE: 'none' });
    expect([none.exitCode, none.document?.through]).toEqual([0, null]);
    await other[Symbol.asyncDispose]();
    const gone = await importImage('team/app5', { ASHLAR_REGISTRY_CACHE: other.url });
    expect([gone.exitCode, gone.document?.through]).toEqual([0, null]);
    expect(gone.stderr).toContain(`warning: the registry cache at ${other.url} is done without: `);
    expect(await detailOf({ ASHLAR_REGISTRY_CACHE: other.url })).toMatchObject({ ok: false });
    const wrong = await importImage('team/app5', { ASHLAR_REGISTRY_CACHE: 'cache.example' });
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stdout).toContain('ASHLAR_REGISTRY_CACHE is no plain http or https address');
    expect(own.url).not.toBe(other.url);
  });

  it('take no stranger for the cache', async () => {
    // A registry answers at that address, but is no cache.
    const { exitCode, document, stderr } = await importImage('team/app5', {
      ASHLAR_REGISTRY_CACHE: `http://${upstream.host}`,
    });
    expect([exitCode, document?.through]).toEqual([0, null]);
    expect(stderr).toContain('warning: the registry cache at ');
  });
});
