import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ask } from '../../support/npm-registry/ask.ts';
import type { Fault } from '../../support/npm-registry/fault.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startBoth, startTestMirror } from '../support/test-mirror.ts';

const packages = [
  { name: 'one', versions: { '1.0.0': {} } },
  { name: 'two', versions: { '1.0.0': {} } },
];
const bad: readonly (readonly [Fault, RegExp])[] = [
  [{ name: 'html' }, /not as JSON/],
  [{ name: 'nested', depth: 100_000 }, /nested more than 64 deep/],
  [{ name: 'wrong-name', packageName: 'two' }, /two/],
  [{ name: 'broken-gzip' }, /gzip|0x1f/],
];

describe.concurrent.each(bad)('a packument that is spoilt: $name', (fault, words) => {
  const resource = '^GET /one$';

  it('once, is asked for again', async () => {
    await using both = await startBoth({
      packages,
      faults: [{ fault, resource, attempts: [1] }],
    });
    expect((await ask(`${both.mirror.url}/one`)).status).toBe(200);
    expect((await both.registry.counts()).requests['GET /one']).toBe(2);
  });

  it('always, is a failure of upstream in words, after a few requests; all else is served', async () => {
    await using both = await startBoth({ packages, faults: [{ fault, resource }] });
    const answer = await ask(`${both.mirror.url}/one`);
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      class: 'upstream',
      error: expect.stringMatching(words) as unknown,
    });
    expect((await both.registry.counts()).requests['GET /one']).toBeLessThanOrEqual(12);
    expect((await ask(`${both.mirror.url}/two`)).status).toBe(200);
  });

  it('gives way to the stale one, where there is one', async () => {
    await using both = await startBoth({ packages }, { config: { maxAgeSec: 0 } });
    const right = await ask(`${both.mirror.url}/one`);
    await both.registry.put({ name: 'one', versions: { '1.0.0': {}, '2.0.0': {} } });
    await both.registry.setFaults([{ fault, resource }]);
    const stale = await ask(`${both.mirror.url}/one`);
    expect(stale.headers['x-ashlar-cache']).toBe('stale');
    expect(stale.headers['warning']).toMatch(/^111 ashlar "not confirmed since /);
    expect(stale.body.equals(right.body)).toBe(true);
  });
});

it('a packument of 500 MB is cut off at the limit, once, in bounded memory', async () => {
  const fault = { name: 'huge', sizeBytes: 500e6 } as const;
  await using both = await startBoth({ packages, faults: [{ fault, resource: 'huge' }] });
  const { registry, mirror } = both;
  const before = process.memoryUsage().rss;
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20);
  const answer = await ask(`${mirror.url}/huge`, { idleMs: 20_000 });
  clearInterval(watch);
  expect(answer.status).toBe(502);
  expect(answer.body.toString()).toMatch(/larger than the limit/);
  expect((await registry.counts()).requests['GET /huge']).toBe(1);
  // The registry that makes the bytes is in this process too.
  expect(most - before).toBeLessThan(250e6);
  expect((await ask(`${mirror.url}/two`)).status).toBe(200);
});

it('gzip that swells to gigabytes is cut off at the limit', async () => {
  const swollen = gzipSync(Buffer.alloc(160e6, ' '));
  const head = gzipSync('{"name":"bomb","versions":{},"readme":"');
  await using upstream = await startScriptedUpstream((request, response) => {
    if (request.url !== '/bomb') return void response.writeHead(404).end();
    response.writeHead(200, { 'content-encoding': 'gzip' });
    response.end(Buffer.concat([head, swollen]));
  });
  await using mirror = await startTestMirror({ upstreams: [upstream.url] });
  const answer = await ask(`${mirror.url}/bomb`, { idleMs: 20_000 });
  expect(answer.status).toBe(502);
  expect(answer.body.toString()).toMatch(/larger than the limit/);
  expect(upstream.seen).toHaveLength(1);
});

it('a packument that trickles in for ever is given up, and a tarball that takes its time is not', async () => {
  const packument = Buffer.from('{"name":"slow","versions":{}}'.padEnd(400, ' '));
  await using upstream = await startScriptedUpstream((request, response) => {
    if (request.url !== '/slow') return void response.writeHead(404).end();
    const trickle = async (): Promise<void> => {
      for (const byte of packument) {
        if (!response.write(Buffer.of(byte)) && response.destroyed) return;
        await pause(20);
      }
      response.end();
    };
    void trickle();
  });
  await using mirror = await startTestMirror({
    upstreams: [upstream.url],
    core: { settings: { fetchTimeoutMs: 500 } },
  });
  const answer = await ask(`${mirror.url}/slow`, { idleMs: 20_000 });
  expect(answer.status).toBe(502);
  expect(answer.body.toString()).toMatch(/had not arrived whole after 0.5 s/);
  expect(upstream.seen).toHaveLength(1);
});

it('a small document that is a page for people is asked for again, and never kept', async () => {
  const fault = { name: 'html' } as const;
  const kinds = ['keys'] as const;
  await using both = await startBoth({ packages, faults: [{ fault, kinds, attempts: [1] }] });
  const { registry, mirror } = both;
  const keys = await ask(`${mirror.url}/-/npm/v1/keys`);
  expect(JSON.parse(keys.body.toString())).toEqual({ keys: [] });
  await registry.setFaults([{ fault, kinds: ['version'] }]);
  expect((await ask(`${mirror.url}/one/1.0.0`)).status).toBe(502);
  await registry.setFaults([]);
  expect((await ask(`${mirror.url}/one/1.0.0`)).status).toBe(200);
});
