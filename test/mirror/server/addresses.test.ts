import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as startRequest } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../../support/npm-registry/ask.ts';
import {
  type RecordedRegistry,
  startRecordedRegistry,
} from '../../support/npm-registry/recorded-registry.ts';
import { registryHost, startTestMirror, type TestMirror } from '../support/test-mirror.ts';

const packages = [
  { name: 'one', versions: { '1.0.0': { manifest: { scripts: { x: 'echo "é\\u0001"' } } } } },
  { name: '@some/two', versions: { '1.0.0': {}, '1.1.0': {} } },
];
const opened = new AsyncDisposableStack();
let registry: RecordedRegistry;
let mirror: TestMirror;

beforeAll(async () => {
  registry = opened.use(await startRecordedRegistry({ packages, publicHost: registryHost }));
  mirror = opened.use(
    await startTestMirror({
      upstreams: [registry.url],
      tls: true,
      config: { trustedProxies: ['127.0.0.1', '10.9.0.0/16'] },
    }),
  );
});
afterAll(() => opened.disposeAsync());

const original = async (path: string): Promise<string> =>
  (await ask(new URL(path, registry.url).href)).body.toString();
const moved = (text: string, base: string): string =>
  text.replaceAll(`https://${registryHost}/`, `${base}/`);

describe('tarballs are where the client looks for them, and all else is as upstream has it', () => {
  it.each([
    ['its own name', { host: 'mirror.test' }, 'http://mirror.test'],
    ['a port', { host: 'mirror.test:4873' }, 'http://mirror.test:4873'],
    ['the usual port', { host: 'mirror.test:80' }, 'http://mirror.test'],
    ['an address', { host: '[::1]:4873' }, 'http://[::1]:4873'],
    ['a dot at the end', { host: 'mirror.test.' }, 'http://mirror.test'],
    [
      'a trusted proxy',
      { host: 'inner', 'x-forwarded-host': 'outer.test', 'x-forwarded-proto': 'https' },
      'https://outer.test',
    ],
    [
      'two proxies',
      {
        host: 'inner',
        'x-forwarded-host': 'outer.test:8443, inner',
        'x-forwarded-proto': 'https,http',
      },
      'https://outer.test:8443',
    ],
  ])('%s', async (_what, headers, base) => {
    for (const path of ['/one', '/@some%2ftwo', '/@some/two', '/one/1.0.0', '/one/latest']) {
      const { body } = await ask(mirror.url + path, { headers });
      expect(body.toString()).toBe(moved(await original(path), base));
    }
  });

  it('X-Forwarded headers of anybody else count for nothing', async () => {
    await using strict = await startTestMirror({ upstreams: [registry.url] });
    const headers = { host: 'mirror.test', 'x-forwarded-host': 'evil.test' };
    const { body } = await ask(`${strict.url}/one`, { headers });
    expect(body.toString()).toBe(moved(await original('/one'), 'http://mirror.test'));
  });

  it.each([
    ['the last one that no proxy of ours is', '192.0.2.66, 198.51.100.7, 10.9.0.1', '198.51.100.7'],
    ['the only one', '198.51.100.8', '198.51.100.8'],
    ['nobody, where it is nonsense', '198.51.100.9, no-address', '127.0.0.1'],
    ['nobody, where all are proxies', '127.0.0.1, 10.9.0.2', '127.0.0.1'],
  ])('the client that X-Forwarded-For names is %s', async (_what, stated, client) => {
    await ask(`${mirror.url}/one`, { headers: { 'x-forwarded-for': stated } });
    expect(mirror.records.at(-1)?.address).toBe(client);
  });

  it('below /-/via/', async () => {
    const via = `/-/via/https/${registryHost}`;
    const headers = { host: 'mirror.test' };
    const { body } = await ask(`${mirror.url}${via}/one`, { headers });
    expect(body.toString()).toBe(moved(await original('/one'), `http://mirror.test${via}`));
    const tarball = await ask(`${mirror.url}${via}/one/-/one-1.0.0.tgz`);
    expect(tarball.status).toBe(200);
    const unknown = await ask(`${mirror.url}/-/via/https/other.test/one`);
    expect(unknown.status).toBe(421);
  });

  it('the address can be fetched from', async () => {
    const { body } = await ask(`${mirror.url}/@some%2ftwo`);
    const { versions } = JSON.parse(body.toString()) as {
      versions: Record<string, { dist: { tarball: string } }>;
    };
    const url = versions['1.1.0']?.dist.tarball ?? '';
    expect(url.startsWith(mirror.url)).toBe(true);
    expect((await ask(url)).status).toBe(200);
  });
});

describe('clients that believe to speak to the registry', () => {
  it('get its own addresses, byte for byte', async () => {
    for (const path of ['/one', '/@some%2ftwo', '/one/1.0.0']) {
      const answer = await askTls(path, { host: registryHost, servername: registryHost });
      expect(answer.body.toString()).toBe(await original(path));
    }
    const tarball = await askTls('/one/-/one-1.0.0.tgz', {
      host: registryHost,
      servername: registryHost,
    });
    expect(tarball.status).toBe(200);
  });

  it('are refused when they ask TLS for a host that is not mirrored', async () => {
    const asked = askTls('/one', { host: 'other.test', servername: 'other.test' });
    await expect(asked).rejects.toThrow(/handshake|alert|reset|hang up/i);
    const nameless = askTls('/one', { host: registryHost, servername: '' });
    await expect(nameless).rejects.toThrow(/handshake|alert|reset|hang up/i);
    expect((await ask(`${mirror.url}/one`)).status).toBe(200);
  });
});

it.each([
  ['/-/npm/v1/keys', 200],
  ['/-/package/one/dist-tags', 200],
  ['/-/package/@some%2ftwo/dist-tags', 200],
  ['/-/ping', 200],
  ['/-/v1/search?text=one', 200],
  ['/-/npm/v1/attestations/one@1.0.0', 404],
  ['/one/9.9.9', 404],
  ['/@some%2Ftwo/-/two-1.0.0.tgz', 200],
  ['/@some/two/-/two-1.0.0.tgz', 200],
])('%s', async (path, status) => {
  const answer = await ask(mirror.url + path, { headers: { host: registryHost } });
  expect(answer.status).toBe(status);
  if (status !== 200 || path.endsWith('.tgz') || path === '/-/ping') return;
  const body = (text: string): unknown => JSON.parse(text);
  expect(body(answer.body.toString())).toEqual(body(await original(path)));
});

async function askTls(
  path: string,
  { host, servername }: { host: string; servername: string },
): Promise<{ status: number; body: Buffer }> {
  const { tlsPort: port, caPem: ca } = mirror;
  const options = {
    host: '127.0.0.1',
    port,
    path,
    servername,
    ca,
    headers: { host },
    agent: false,
  };
  const sent = startRequest({ ...options, timeout: 5_000 }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await buffer(response) };
}
