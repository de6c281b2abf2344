import { once as happened } from 'node:events';
import { createServer, request as startRequest, type Server } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fault, FaultRule } from '../fault.ts';
import { type RecordedOciRegistry, startRecordedOciRegistry } from '../recorded-oci-registry.ts';
import { ociPull, type PullOptions } from './oci-pull.ts';
import { pullBurst } from './pull-burst.ts';
import { startPullProcess } from './pull-process.ts';

const name = 'library/app';
const platforms = ['linux/amd64', 'linux/arm64'];

describe('pulls of an image', () => {
  let registry: RecordedOciRegistry;
  beforeAll(async () => {
    const images = [
      { tags: ['latest'], layers: 2, layerBytes: 200_000 },
      { tags: ['many'], layers: 1, layerBytes: 20_000, platforms },
    ];
    registry = await startRecordedOciRegistry({
      contents: [
        {
          repository: name,
          images,
          dataSets: ['nested-index', 'non-distributable-layers', 'sha512'],
        },
      ],
    });
  });
  afterAll(() => registry?.[Symbol.asyncDispose]());
  const pull = (options: Partial<PullOptions> = {}) =>
    ociPull(registry.url, { name, reference: 'latest', ...options });
  const under = async (rules: readonly FaultRule[], options: Partial<PullOptions> = {}) => {
    await registry.change({ faults: rules });
    const result = await pull(options);
    await registry.change({ faults: [] });
    return result;
  };
  /** At the first request for a layer. */
  const once = (fault: Fault): readonly FaultRule[] => [{ fault, minBytes: 100_000, nth: [1] }];

  it('ask as containerd does, and get all of it', async () => {
    await registry.resetCounts();
    const result = await pull({ ns: 'docker.io' });
    const { digest, totalBytes } = await registry.facts(name, 'latest');
    expect(result).toMatchObject({ ok: true, digest, bytes: totalBytes, wrongBytes: 0 });
    expect(result.statuses).toEqual({
      'HEAD manifest 200': 1,
      'GET manifest 200': 1,
      'GET blob 200': 3,
    });
    expect(result.headers['HEAD latest']).toMatchObject({ 'docker-content-digest': digest });
    const { connections, paths } = await registry.counts();
    expect(connections.mostOpen).toBeLessThanOrEqual(3);
    expect(paths[`GET /v2/${name}/manifests/${digest}`]).toBe(1);
    await expect.poll(async () => (await registry.counts()).connections.open).toBe(0);
  });

  it('take one platform of an index, or all, and other kinds of images', async () => {
    expect((await pull({ reference: 'many', platform: 'linux/arm64' })).statuses).toMatchObject({
      'GET manifest 200': 2,
      'GET blob 200': 2,
    });
    const { totalBytes } = await registry.facts(name, 'many');
    expect(await pull({ reference: 'many', platform: 'all' })).toMatchObject({
      ok: true,
      bytes: totalBytes,
    });
    const none = await pull({ reference: 'many', platform: 'linux/s390x' });
    expect(none.failures).toEqual(['nothing for linux/s390x']);
    for (const reference of ['nested-index', 'non-distributable-layers', 'sha512']) {
      expect([reference, (await pull({ reference })).ok]).toEqual([reference, true]);
    }
    expect((await pull({ reference: 'nothing' })).failures).toEqual(['HEAD nothing: 404']);
  });

  it('make do without HEAD and without the digest in headers', async () => {
    for (const settings of [{ heads: 'refused' }, { digestHeader: 'left-out' }] as const) {
      await registry.change(settings);
      const result = await pull();
      expect([result.ok, result.statuses['GET manifest 200']]).toEqual([true, 2]);
      await registry.change({ heads: 'answered', digestHeader: 'sent' });
    }
  });

  it.each([
    [{ name: 'corrupt' }, 200_000],
    [{ name: 'wrong-body' }, 200_000],
    [{ name: 'short', afterBytes: 70_000 }, 70_000],
    [{ name: 'wrong-length', byBytes: -9 }, 200_000],
    [{ name: 'wrong-length', byBytes: 9 }, 200_000],
    [{ name: 'html' }, 60],
  ] satisfies [Fault, number][])('tell wrong bytes: %o', async (fault, leastBytes) => {
    const result = await under(once(fault), { retries: 3 });
    expect([result.ok, result.failures.length, result.retries]).toEqual([false, 1, 0]);
    expect(result.wrongBytes).toBeGreaterThanOrEqual(leastBytes);
  });

  it('tell wrong manifests', async () => {
    const fault: Fault = { name: 'corrupt' };
    const result = await under([{ fault, kinds: ['manifest'], method: 'GET' }]);
    expect(result.failures[0]).toContain('other content than its digest says');
    expect(result.wrongBytes).toBeGreaterThan(100);
  });

  it.each([
    { name: 'truncated' },
    { name: 'reset-in-body' },
    { name: 'stall-in-body' },
    { name: 'reset' },
    { name: 'stall' },
    { name: 'status', status: 502 },
    { name: 'status', status: 429 },
  ] satisfies Fault[])('end at faults, or go on where they were: %o', async (fault) => {
    const options = { idleTimeoutMs: 200 };
    const failed = await under(once(fault), options);
    expect([failed.ok, failed.wrongBytes, failed.failures.length]).toEqual([false, 0, 1]);
    const result = await under(once(fault), { ...options, retries: 1 });
    const { totalBytes } = await registry.facts(name, 'latest');
    expect(result).toMatchObject({ ok: true, retries: 1, bytes: totalBytes });
    const resumed = fault.name === 'truncated' || fault.name === 'stall-in-body' ? 1 : undefined;
    if (fault.name !== 'reset-in-body') expect(result.statuses['GET blob 206']).toBe(resumed);
  });

  it('throw away what they have where a range is not heeded', async () => {
    const fault: Fault = { name: 'truncated', afterBytes: 80_000 };
    await registry.change({ faults: once(fault) });
    const { totalBytes } = await registry.facts(name, 'latest');
    const noRanges = await startProxyWithoutRanges(registry.url);
    try {
      const result = await ociPull(noRanges.url, { name, reference: 'latest', retries: 1 });
      expect(result).toMatchObject({ ok: true, bytes: totalBytes + 80_000 });
    } finally {
      noRanges.server.closeAllConnections();
      noRanges.server.close();
      await registry.change({ faults: [] });
    }
  });

  it('hash all, one or none of the blobs', async () => {
    const fault: Fault = { name: 'corrupt' };
    const rules: readonly FaultRule[] = [{ fault, minBytes: 100_000 }];
    expect((await under(rules, { verify: 'sizes' })).ok).toBe(true);
    expect((await under(rules, { verify: 'sample', seed: 0 })).ok).toBe(true);
    expect((await under(rules, { verify: 'sample', seed: 1 })).failures).toHaveLength(1);
    expect((await under(rules)).failures).toHaveLength(2);
  });

  it('can be slow', async () => {
    const result = await pull({ readBytesPerSec: 1_000_000 });
    expect([result.ok, result.ms > 190]).toEqual([true, true]);
  });

  it('come by the hundred, from a process of their own as well', async () => {
    const { totalBytes } = await registry.facts(name, 'latest');
    const burst = { name, reference: 'latest', pulls: 100, verify: 'sample' } as const;
    const expected = { pulls: 100, ok: 100, wrongBytes: 0, failures: {}, bytes: 100 * totalBytes };
    await registry.resetCounts();
    expect(await pullBurst(registry.url, burst)).toMatchObject(expected);
    await using elsewhere = await startPullProcess();
    const result = await elsewhere.burst(registry.url, burst);
    expect(result).toMatchObject({ ...expected, statuses: { 'GET blob 200': 300 } });
    expect(result.p50Ms).toBeLessThanOrEqual(result.p99Ms);
    const { requests } = await registry.counts();
    expect(requests).toEqual({ 'HEAD manifest': 200, 'GET manifest': 200, 'GET blob': 600 });
  });
});

async function startProxyWithoutRanges(target: string): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    const { range: _range, ...headers } = request.headers;
    const { method } = request;
    const onward = startRequest(
      new URL(request.url ?? '/', target),
      { method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        pipeline(answer, response).catch(() => response.destroy());
      },
    );
    onward.on('error', () => response.destroy());
    onward.end();
  });
  server.listen(0, '127.0.0.1');
  await happened(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as { port: number }).port}/` };
}
