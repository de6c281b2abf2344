import { once } from 'node:events';
import { Agent, type IncomingMessage, request as startRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSocket, rawTalk, readUntil } from '../../mirror/support/raw-talk.ts';
import { ociIndex } from '../../support/oci-registry/media-types.ts';
import {
  type RecordedOciRegistry,
  startRecordedOciRegistry,
} from '../../support/oci-registry/recorded-oci-registry.ts';
import type { ImageFacts } from '../../support/oci-registry/registry-content.ts';
import { startTestCache, type TestCache } from '../support/test-cache.ts';

const opened = new AsyncDisposableStack();
let upstream: RecordedOciRegistry;
let cache: TestCache;
let facts: ImageFacts;

beforeAll(async () => {
  upstream = opened.use(
    await startRecordedOciRegistry({
      contents: [
        {
          repository: 'library/ubuntu',
          images: [{ layers: 2, layerBytes: 30_000, platforms: ['linux/amd64', 'linux/arm64'] }],
        },
      ],
      auth: { scheme: 'bearer' },
    }),
  );
  facts = await upstream.facts('library/ubuntu', 'latest');
  // The root is Docker Hub, as for dockerd.
  cache = opened.use(
    await startTestCache({
      upstreams: [upstream.url],
      registry: { name: 'docker.io' },
      config: { root: 'docker.io' },
    }),
  );
});
afterAll(() => opened.disposeAsync());

interface Spoken {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Header lines with the spelling, order and repetitions that clients have. */
const speak = async (line: string, headers: readonly string[]): Promise<Spoken> => {
  const said = [`${line} HTTP/1.1`, 'Host: 127.0.0.1:5000', ...headers, '', ''].join('\r\n');
  return parse(await rawTalk(cache, said));
};
const parse = (answer: string): Spoken => {
  const end = answer.indexOf('\r\n\r\n');
  const [first = '', ...lines] = answer.slice(0, end).split('\r\n');
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(first)?.[1]),
    headers: Object.fromEntries(
      lines.map((line) => {
        const [name = '', value = ''] = line.split(/: (.*)/s);
        return [name.toLowerCase(), value];
      }),
    ),
    body: answer.slice(end + 4),
  };
};
const blob = (): { readonly digest: string; readonly size: number } => {
  const [largest] = facts.blobs.toSorted((a, b) => b.size - a.size);
  if (largest === undefined) throw new TypeError('an image without blobs');
  return largest;
};

describe('dockerd 20.10 and 26', () => {
  const agent = 'User-Agent: docker/20.10.24+dfsg1 go/go1.19.8 UpstreamClient(Docker-Client/20.10)';
  // Go sends one line for each.
  const accepts = [
    'Accept: application/vnd.docker.distribution.manifest.v2+json',
    'Accept: application/vnd.docker.distribution.manifest.list.v2+json',
    'Accept: application/vnd.oci.image.index.v1+json',
    'Accept: application/vnd.oci.image.manifest.v1+json',
    'Accept: application/vnd.docker.distribution.manifest.v1+prettyjws',
    'Accept: application/json',
  ];
  const closing = [agent, 'Accept-Encoding: gzip', 'Connection: close'];

  it('find a registry of version 2, on a connection that closes', async () => {
    const { status, headers } = await speak('GET /v2/', closing);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'docker-distribution-api-version': 'registry/2.0',
      connection: 'close',
    });
  });

  it('resolve a tag, and pull by digest', async () => {
    const all = [...accepts, ...closing];
    const head = await speak('HEAD /v2/library/ubuntu/manifests/latest', all);
    expect(head).toMatchObject({
      status: 200,
      body: '',
      headers: { 'docker-content-digest': facts.digest, 'content-type': ociIndex },
    });
    const { status, body } = await speak(`GET /v2/library/ubuntu/manifests/${facts.digest}`, all);
    expect([status, body.length]).toEqual([200, Number(head.headers['content-length'])]);
    const { digest, size } = blob();
    const layer = await speak(`GET /v2/library/ubuntu/blobs/${digest}`, closing);
    expect([layer.status, layer.body.length]).toEqual([200, size]);
    expect(layer.headers['content-encoding']).toBeUndefined();
  });

  it('go on with a layer from where it broke off, to its end', async () => {
    const { digest, size } = blob();
    const line = `GET /v2/library/ubuntu/blobs/${digest}`;
    const { status, headers, body } = await speak(line, ['Range: bytes=20000-', ...closing]);
    expect([status, headers['content-range']]).toEqual([206, `bytes 20000-${size - 1}/${size}`]);
    expect(body.length).toBe(size - 20_000);
  });

  it('leave nothing open', async () => {
    const socket = await openSocket(cache);
    socket.write('GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    // It ends only because the other side closes.
    expect(await readUntil(socket)).toMatch(/\{\}\n$/);
  });
});

describe('containerd 1.6 and 2.0', () => {
  const agent = 'User-Agent: containerd/v2.0.0';
  const encodings = 'Accept-Encoding: zstd;q=1.0, gzip;q=0.8, deflate;q=0.5';
  const accept = `Accept: ${ociIndex}, application/vnd.oci.image.manifest.v1+json, */*`;
  const query = '?ns=docker.io';

  it('resolve a tag, and pull by digest', async () => {
    const headers = [agent, accept, encodings, 'Connection: close'];
    const tag = `/v2/library/ubuntu/manifests/latest${query}`;
    const head = await speak(`HEAD ${tag}`, headers);
    expect(head).toMatchObject({
      status: 200,
      headers: { 'docker-content-digest': facts.digest, 'content-type': ociIndex },
    });
    for (const { digest, size } of facts.manifests) {
      const line = `GET /v2/library/ubuntu/manifests/${digest}${query}`;
      const { status, body, headers: got } = await speak(line, headers);
      expect([status, body.length, got['content-encoding']]).toEqual([200, size, undefined]);
    }
  });

  it('ask for a blob in parts from its beginning, side by side', async () => {
    const { digest, size } = blob();
    const line = `GET /v2/library/ubuntu/blobs/${digest}${query}`;
    const common = [agent, 'Accept: */*', encodings, 'Connection: close'];
    const whole = await speak(line, ['Range: bytes=0-', ...common]);
    expect(whole).toMatchObject({
      status: 206,
      headers: { 'content-range': `bytes 0-${size - 1}/${size}`, 'content-length': `${size}` },
    });
    expect(whole.headers['content-encoding']).toBeUndefined();
    const starts = [0, 10_000, 20_000, 30_000].filter((start) => start < size);
    const parts = await Promise.all(
      starts.map((start) => speak(line, [`Range: bytes=${start}-${start + 9_999}`, ...common])),
    );
    expect(parts.map(({ body }) => body).join('')).toBe(whole.body);
  });
});

describe('skopeo, podman and buildah', () => {
  const headers = [
    'User-Agent: skopeo/1.9.3',
    'Docker-Distribution-Api-Version: registry/2.0',
    'Accept-Encoding: gzip',
    'Connection: close',
  ];

  it('pull by a name with the registry before it', async () => {
    expect((await speak('GET /v2/', headers)).status).toBe(200);
    const accept = `Accept: application/vnd.oci.image.manifest.v1+json,${ociIndex}`;
    const line = 'GET /v2/docker.io/library/ubuntu/manifests/latest';
    const manifest = await speak(line, [accept, ...headers]);
    expect(manifest).toMatchObject({
      status: 200,
      headers: { 'docker-content-digest': facts.digest, 'content-type': ociIndex },
    });
    for (const { digest, size } of facts.blobs) {
      const answer = await speak(`GET /v2/docker.io/library/ubuntu/blobs/${digest}`, headers);
      expect([answer.status, answer.body.length]).toEqual([200, size]);
    }
  });
});

describe('others', () => {
  const path = '/v2/ubuntu/manifests/latest';
  const right = async (...headers: string[]): Promise<void> => {
    const answer = await speak(`GET ${path}`, [...headers, 'Connection: close']);
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'docker-content-digest': facts.digest, 'content-type': ociIndex },
    });
    expect(answer.headers['transfer-encoding']).toBeUndefined();
  };

  it.each([
    ['no Accept at all'],
    ['what the manifest is not', 'Accept: text/html'],
    ['what only some registries know', 'Accept: application/vnd.oci.image.manifest.v1+json'],
    ['an empty Accept', 'Accept:'],
    ['a token of another service', 'Authorization: Bearer abcdefghijklmnop'],
    ['a login that nobody asked for', 'Authorization: Basic dXNlcjpwYXNzd29yZA=='],
    ['a login that is none', 'Authorization: Basic %%%'],
    ['cookies', 'Cookie: session=1'],
    ['an upgrade', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'],
    ['a range of a manifest', 'Range: bytes=0-5'],
    ['a proxy before it', 'X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Proto: https', 'Via: 1.1 x'],
  ])('send %s', async (_what, ...headers) => {
    await right(...headers);
    const { credentials } = await upstream.counts();
    const shown = [...credentials.registry, ...credentials.token];
    expect(shown.filter((value) => !/^Bearer [\w-]{32}$/.test(value))).toEqual([]);
  });

  it('have it already', async () => {
    const answer = await speak(`GET ${path}`, [
      `If-None-Match: "${facts.digest}"`,
      'Connection: close',
    ]);
    expect([answer.status, answer.body]).toEqual([304, '']);
  });

  it('speak HTTP/1.0', async () => {
    const answer = await rawTalk(cache, `GET ${path} HTTP/1.0\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toContain(`docker-content-digest: ${facts.digest}`);
    expect(answer).not.toMatch(/transfer-encoding/i);
  });

  it('send some requests ahead of the answers', async () => {
    const one = `HEAD ${path} HTTP/1.1\r\nHost: a\r\n\r\nGET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n`;
    const last = 'GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    const answer = await rawTalk(cache, one.repeat(10) + last);
    expect(answer.match(/^HTTP\/1\.1 200 OK/gm)).toHaveLength(21);
  });

  it('keep a connection for many requests', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    for (let sent = 0; sent < 100; sent += 1) {
      const request = startRequest(`${cache.url}/v2/`, { agent }).end();
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      expect([response.statusCode, await text(response)]).toEqual([200, '{}\n']);
      ports.add(request.socket?.localPort);
    }
    agent.destroy();
    expect(ports.size).toBe(1);
  });
});
