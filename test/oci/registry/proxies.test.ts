import { once } from 'node:events';
import { createServer, request as sendRequest } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseReference } from '../../../src/oci/reference.ts';
import { buildImage } from '../support/build-image.ts';
import { rejectionOf } from '../support/failures.ts';
import { fastClient } from '../support/fast-client.ts';
import { startTestRegistry, type TestRegistry } from '../support/test-registry.ts';

const image = buildImage({ layers: [] });

interface TestProxy extends AsyncDisposable {
  readonly url: string;
  readonly asked: readonly string[];
}

let registry: TestRegistry;

beforeAll(async () => {
  registry = await startTestRegistry({ v1: image });
});
afterAll(() => registry[Symbol.asyncDispose]());

describe('a proxy from the environment', () => {
  it('is asked for plain http with the whole address', async () => {
    await using proxy = await startProxy(registry.host);
    await using client = fastClient({
      env: { http_proxy: proxy.url },
      schemes: { 'registry.test': 'http' },
    });
    const found = await client.fetchManifest(parseReference('registry.test/app:v1'));
    expect(found.digest).toBe(image.digest);
    expect(proxy.asked).toEqual(['GET http://registry.test/v2/app/manifests/v1']);
  });

  it('is asked for a tunnel for https, and its refusal is told', async () => {
    await using proxy = await startProxy(registry.host);
    const retry = { attempts: 2 };
    await using client = fastClient({ env: { HTTPS_PROXY: proxy.url }, retry });
    // The registry behind the tunnel speaks no TLS: what counts is the way to it.
    const fetch = () => client.fetchManifest(parseReference('registry.test/app:v1'));
    expect(await rejectionOf(fetch)).toMatchObject({ code: 'registry_unavailable' });
    expect(proxy.asked[0]).toBe('CONNECT registry.test:443');

    await using refusing = await startProxy(null);
    await using other = fastClient({ env: { HTTPS_PROXY: refusing.url }, retry });
    const refused = () => other.fetchManifest(parseReference('registry.test/app:v1'));
    expect(await rejectionOf(refused)).toMatchObject({
      code: 'registry_unavailable',
      message: expect.stringContaining('could not be reached through the proxy'),
    });
  });

  it('is left out for loopback, and for what NO_PROXY names', async () => {
    await using proxy = await startProxy(registry.host);
    const env = { HTTP_PROXY: proxy.url, NO_PROXY: 'other.test' };
    await using client = fastClient({ env });
    await client.fetchManifest(parseReference(`${registry.host}/app:v1`));
    expect(proxy.asked).toEqual([]);
    await using other = fastClient({
      env,
      schemes: { 'sub.other.test': 'http' },
      retry: { attempts: 1 },
    });
    await rejectionOf(() => other.fetchManifest(parseReference('sub.other.test/app')));
    expect(proxy.asked).toEqual([]);
  });
});

/** Leads every request and tunnel to one address; with null it refuses them. */
async function startProxy(target: string | null): Promise<TestProxy> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const { pathname } = new URL(request.url ?? '');
    const options = { method: request.method, headers: request.headers };
    sendRequest(`http://${target}${pathname}`, options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('data', (chunk) => response.write(chunk)).on('end', () => response.end());
    }).end();
  });
  server.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.on('error', () => socket.destroy());
    if (target === null) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const [host, port] = target.split(':');
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.on('data', (chunk) => socket.write(chunk)).on('close', () => socket.destroy());
      socket.on('data', (chunk) => upstream.write(chunk)).on('close', () => upstream.destroy());
    });
    upstream.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
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
