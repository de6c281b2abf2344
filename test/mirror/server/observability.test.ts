import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MirrorStatus } from '../../../mirror/index.ts';
import { createServingLog } from '../../../src/cli/serving-log.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { openSocket } from '../support/raw-talk.ts';
import { startBoth } from '../support/test-mirror.ts';

const packages = [
  { name: 'one', versions: { '1.0.0': {} } },
  { name: 'large', versions: { '1.0.0': { paddingBytes: 16e6 } } },
];
const lines: string[] = [];
const sink = new Writable({
  write(bytes: Buffer, _encoding, done) {
    lines.push(bytes.toString());
    done();
  },
});
const log = createServingLog('mirror', 'json', sink);
const text = createServingLog('mirror', 'text', sink);
let both: Awaited<ReturnType<typeof startBoth>>;

beforeAll(async () => {
  both = await startBoth(
    { packages },
    {
      tls: true,
      core: { retry: { attempts: 2, baseDelayMs: 1, maxDelayMs: 2 } },
      serve: {
        limits: { idleMs: 2_500 },
        log: (record) => {
          log.request(record);
          text.request(record);
        },
      },
    },
  );
});
afterAll(() => both[Symbol.asyncDispose]());

const status = async (): Promise<MirrorStatus> =>
  JSON.parse((await ask(`${both.mirror.url}/-/ashlar/status`)).body.toString()) as MirrorStatus;

it('says how an answer was come by, and what its time went to', async () => {
  const headers = { 'x-ashlar-build': 'build-1' };
  const first = await ask(`${both.mirror.url}/one`, { headers });
  const second = await ask(`${both.mirror.url}/one`, { headers });
  expect(first.headers['x-ashlar-cache']).toBe('miss');
  expect(second.headers['x-ashlar-cache']).toBe('hit');
  expect(first.headers['server-timing']).toMatch(/upstream;dur=[\d.]+.*total;dur=[\d.]+$/);
  const { packages: byPackage, builds, clients, totals } = await status();
  expect(byPackage.find(({ name }) => name === 'one')).toMatchObject({ requests: 2, fromCache: 1 });
  expect(builds).toMatchObject([{ name: 'build-1', requests: 2 }]);
  expect(clients[0]?.name).toMatch(/127\.0\.0\.1$/);
  expect(totals.requests).toBe(2);
});

it('HEAD of its own pages is answered, as balancers ask', async () => {
  const head = await ask(`${both.mirror.url}/-/ashlar/health`, { method: 'HEAD' });
  expect(head.status).toBe(200);
  const health = await ask(`${both.mirror.url}/-/ashlar/health?probe=1`);
  expect(JSON.parse(health.body.toString())).toMatchObject({ status: 'ok' });
});

it('gives its status on its own machine alone, as it names packages and builds', async () => {
  const far = { 'x-forwarded-for': '192.0.2.7' };
  const rebound = { host: `stranger.test:${both.mirror.port}` };
  for (const headers of [far, rebound]) {
    const answer = await ask(`${both.mirror.url}/-/ashlar/status`, { headers });
    expect(answer.status).toBe(403);
    expect(answer.body.toString()).toMatch(/own machine/);
    expect(answer.body.toString()).not.toMatch(/build-1|"one"/);
  }
  const tunnelled = { host: 'localhost:9999' };
  const near = await ask(`${both.mirror.url}/-/ashlar/status`, { headers: tunnelled });
  expect(near.status).toBe(200);
});

it('counts each request to upstream once', async () => {
  const counted = async (): Promise<number> => {
    const { body } = await ask(`${both.mirror.url}/-/ashlar/metrics`);
    const counts = body.toString().matchAll(/^ashlar_mirror_upstream_seconds_count\{.*\} (\d+)$/gm);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  const asked = async (): Promise<number> =>
    Object.values((await both.registry.counts()).requests).reduce((sum, count) => sum + count, 0);
  const before = [await counted(), await asked()] as const;
  await ask(`${both.mirror.url}/nowhere`);
  await expect.poll(counted).toBeGreaterThan(before[0]);
  expect((await counted()) - before[0]).toBe((await asked()) - before[1]);
});

it('its metrics are Prometheus’ text format', async () => {
  const { headers, body } = await ask(`${both.mirror.url}/-/ashlar/metrics`);
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  const sample =
    /^[a-zA-Z_:][\w:]*(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\]|\\.)*",?)*\})? (?:[-+]?[\d.]+(?:e[-+]?\d+)?|N[Aa][Nn]|[-+]Inf)$/;
  for (const line of body.toString().trim().split('\n'))
    if (line !== '' && !line.startsWith('# ')) expect(line).toMatch(sample);
  expect(body.toString()).toMatch(/ashlar_mirror_requests_total\{.*cache="hit".*\} 1/);
});

it('counts connections, of TLS as well', async () => {
  const before = (await status()).connections;
  const socket = await openSocket({ port: both.mirror.tlsPort });
  await expect.poll(async () => (await status()).connections).toBe(before + 1);
  socket.destroy();
});

it('names upstream when that fails, and the client when that does not read', async () => {
  await both.registry.outage('refuse');
  for (let turn = 0; turn < 4; turn += 1) await ask(`${both.mirror.url}/absent-${turn}`);
  expect((await status()).findings).toMatchObject([
    { fault: 'upstream', message: expect.stringContaining(`127.0.0.1:${both.registry.port}`) },
    { fault: 'upstream', message: expect.stringMatching(/^4 of 7 requests failed lately/) },
  ]);
  await both.registry.restore();
  expect((await ask(`${both.mirror.url}/one/-/one-1.0.0.tgz`)).status).toBe(200);
  expect((await status()).findings).toEqual([
    { fault: 'upstream', message: expect.stringMatching(/^4 of 8 requests failed lately/) },
  ]);
  const stuck = await Promise.all(Array.from({ length: 6 }, () => openSocket(both.mirror)));
  for (const socket of stuck) {
    socket.pause();
    socket.write('GET /large/-/large-1.0.0.tgz HTTP/1.1\r\nHost: a\r\n\r\n');
  }
  await expect
    .poll(async () => (await status()).findings.map(({ fault }) => fault), { timeout: 8_000 })
    .toContain('client');
  for (const socket of stuck) socket.destroy();
});

it('no secret is ever in its log, its status or its metrics', async () => {
  const secrets = ['s3cr3t-token', 's3cr3t-cookie', 's3cr3t-proxy', 's3cr3t-url', 's3cr3t-query'];
  const headers = {
    authorization: 'Bearer s3cr3t-token',
    cookie: 'session=s3cr3t-cookie',
    'proxy-authorization': `Basic ${Buffer.from('user:s3cr3t-proxy').toString('base64')}`,
    'npm-otp': 's3cr3t-token',
  };
  const { mirror, registry } = both;
  const paths = [
    '/one',
    '/absent?token=s3cr3t-query',
    '/one/-/absent-1.0.0.tgz?x=s3cr3t-query',
    '/-/whoami',
    '/-/user/token/s3cr3t-url',
    '/-/v1/search?text=s3cr3t-query',
    '/one/1.0.0?x=s3cr3t-query',
  ];
  for (const how of ['up', 'down'] as const) {
    if (how === 'down') await registry.outage('refuse');
    for (const path of paths) {
      await ask(mirror.url + path, { headers });
      await ask(mirror.url + path, { headers, method: 'PUT' });
    }
  }
  await registry.restore();
  await ask(`${mirror.url}/one`, { headers: { host: 'user:s3cr3t-url@host' } });
  const pages = ['status', 'metrics'].map(async (page) =>
    (await ask(`${mirror.url}/-/ashlar/${page}`)).body.toString(),
  );
  const said = [...lines, ...(await Promise.all(pages))].join('\n');
  expect(lines.length).toBeGreaterThan(paths.length * 4);
  for (const secret of [...secrets, Buffer.from('user:s3cr3t-proxy').toString('base64')])
    expect(said).not.toContain(secret);
});
