import { afterEach, describe, expect, it } from 'vitest';
import { ask } from '../npm-registry/ask.ts';
import type { Outage } from '../recorded-upstream/faulty-listener.ts';
import { createFaultChooser, type Fault, type FaultRule, mixedFaults } from './fault.ts';
import { ociPull } from './pull/oci-pull.ts';
import { type RecordedOciRegistry, startRecordedOciRegistry } from './recorded-oci-registry.ts';
import type { RecordedOciOptions } from './registry-options.ts';
import { startOciRegistryProcess } from './registry-process.ts';

const layerBytes = 300_000;
const contents = [{ repository: 'library/app', images: [{ layers: 1, layerBytes }] }];

describe('faults of a recorded registry', () => {
  let registry: RecordedOciRegistry;
  let blob = '';
  const start = async (options: RecordedOciOptions): Promise<void> => {
    registry = await startRecordedOciRegistry({ contents, ...options });
    const { blobs } = await registry.facts('library/app', 'latest');
    blob = `v2/library/app/blobs/${blobs[1]?.digest}`;
  };
  afterEach(() => registry[Symbol.asyncDispose]());
  const get = (path: string, headers: Record<string, string> = {}, idleMs = 5_000) =>
    ask(`${registry.url}${path}`, { headers, idleMs });
  /** The answer with the fault, and the one after it. */
  const hitOnce = async (fault: Fault) => {
    await start({ faults: [{ fault, attempts: [1] }] });
    const hit = await get(blob, {}, fault.name.startsWith('stall') ? 200 : 5_000);
    const right = await get(blob);
    expect([right.status, right.end]).toEqual([200, 'whole']);
    expect((await registry.counts()).faults).toEqual({ [fault.name]: 1 });
    return { hit, right };
  };

  it('other statuses, with Retry-After', async () => {
    const { hit } = await hitOnce({ name: 'status', status: 429, retryAfterSec: 3 });
    expect([hit.status, hit.headers['retry-after']]).toEqual([429, '3']);
    expect(hit.body.toString()).toContain('TOOMANYREQUESTS');
  });

  it.each(['reset', 'stall'] as const)('nothing is said: %s', async (name) => {
    const { hit } = await hitOnce({ name });
    expect([hit.status, hit.end]).toEqual([0, name === 'stall' ? 'stalled' : 'broken']);
  });

  it.each(['reset-in-body', 'truncated', 'stall-in-body'] as const)(
    'a part of a body that was announced whole: %s',
    async (name) => {
      const { hit, right } = await hitOnce({ name, afterBytes: 1_000 });
      expect([hit.status, hit.end]).toEqual([200, name === 'stall-in-body' ? 'stalled' : 'broken']);
      expect(Number(hit.headers['content-length'])).toBe(right.body.length);
      expect(hit.body.length).toBeLessThanOrEqual(1_000);
      if (name === 'truncated') expect(hit.body.length).toBe(1_000);
    },
  );

  it('half a body that ends as if it were whole', async () => {
    const { hit, right } = await hitOnce({ name: 'short' });
    expect([hit.end, hit.headers['content-length']]).toEqual(['whole', undefined]);
    expect(hit.body.length).toBe(Math.floor(right.body.length / 2));
  });

  it.each([7, -7])('a body that is %s bytes longer', async (byBytes) => {
    const { hit, right } = await hitOnce({ name: 'wrong-length', byBytes });
    expect([hit.end, hit.body.length]).toEqual(['whole', right.body.length + byBytes]);
  });

  it('one other bit, also in the part that a range wants, and other bytes altogether', async () => {
    const { hit, right } = await hitOnce({ name: 'corrupt' });
    const different = hit.body.filter((byte, index) => byte !== right.body[index]);
    expect([hit.body.length, different.length]).toEqual([right.body.length, 1]);
    await registry.change({ faults: [{ fault: { name: 'corrupt' } }] });
    const part = await get(blob, { range: 'bytes=5-14' });
    expect(part.body.equals(right.body.subarray(5, 15))).toBe(false);
    await registry.change({ faults: [{ fault: { name: 'wrong-body' } }] });
    const wrong = await get(blob);
    expect([wrong.body.length, wrong.body.equals(right.body)]).toEqual([right.body.length, false]);
  });

  it('a page in place of a blob, another digest in the header', async () => {
    const { hit } = await hitOnce({ name: 'html' });
    expect([hit.status, hit.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    await registry.change({ faults: [{ fault: { name: 'wrong-digest-header' } }] });
    const { headers } = await get(blob);
    expect(blob.endsWith(String(headers['docker-content-digest']))).toBe(false);
  });

  it('redirects elsewhere and in a circle', async () => {
    const { hit } = await hitOnce({ name: 'redirect', location: 'http://10.0.0.1/' });
    expect([hit.status, hit.headers.location]).toEqual([307, 'http://10.0.0.1/']);
    await registry.change({ faults: [{ fault: { name: 'redirect-loop' } }] });
    expect((await get(blob)).headers.location).toBe('/loop/a');
    expect((await get('loop/a')).headers.location).toBe('/loop/b');
    expect((await get('loop/b')).headers.location).toBe('/loop/a');
    const lost = await ociPull(registry.url, { name: 'library/app', reference: 'latest' });
    expect(lost.failures).toEqual(['more than 5 redirects']);
  });

  it('slowness: late heads, a drip, a bandwidth of each connection', async () => {
    const durationOf = async (work: Promise<unknown>): Promise<number> => {
      const startMs = performance.now();
      await work;
      return performance.now() - startMs;
    };
    await start({ faults: [{ fault: { name: 'slow-headers', delayMs: 300 } }] });
    expect(await durationOf(get(blob))).toBeGreaterThan(299);
    const drip: Fault = { name: 'drip', bytesPerSec: 600_000 };
    await registry.change({ faults: [{ fault: drip }] });
    expect(await durationOf(get(blob))).toBeGreaterThan(490);
    await registry.change({ faults: [], bytesPerSec: 1_000_000 });
    const two = await durationOf(Promise.all([get(blob), get(blob)]));
    expect(two).toBeGreaterThan(290);
    await registry.change({ bytesPerSec: 0, latencyMs: 200 });
    expect(await durationOf(get(blob))).toBeGreaterThan(199);
  });

  it('a client that leaves in the middle ends nothing else', async () => {
    await start({ bytesPerSec: 400_000 });
    const leaving = AbortSignal.timeout(150);
    const work = ociPull(registry.url, {
      name: 'library/app',
      reference: 'latest',
      signal: leaving,
    });
    await expect(work).rejects.toThrow('aborted');
    await expect.poll(async () => (await registry.counts()).connections.open).toBe(0);
    expect((await get('v2/')).status).toBe(200);
  });

  it.each(['refuse', 'reset', 'stall'] satisfies Outage[])('an outage: %s', async (how) => {
    await start({ cdn: {}, bytesPerSec: 1_000_000 });
    const moved = await get(blob);
    const under = ask(String(moved.headers.location), { idleMs: 400 });
    await expect.poll(async () => (await registry.counts()).bodyBytes).toBeGreaterThan(0);
    await registry.outage(how);
    const end = how === 'stall' ? 'stalled' : 'broken';
    expect((await under).end).toBe(end);
    const during = await get('v2/', {}, 200);
    expect([during.status, during.end]).toEqual([0, end]);
    await registry.restore();
    expect((await get('v2/')).status).toBe(200);
    await registry.outage(how, ['cdn']);
    expect((await get('v2/')).status).toBe(200);
    expect((await ask(String(moved.headers.location), { idleMs: 200 })).status).toBe(0);
  });

  it('answers that a stalling outage held come after it', async () => {
    await start({});
    await registry.outage('stall');
    const short = await get('v2/', {}, 200);
    expect([short.status, short.end]).toEqual([0, 'stalled']);
    const held = get(blob);
    await expect.poll(async () => (await registry.counts()).requests['GET blob']).toBe(1);
    await registry.restore();
    expect([(await held).status, (await held).end]).toEqual([200, 'whole']);
  });

  it('are the same in a process of its own', async () => {
    registry = await startOciRegistryProcess({ contents, tokenService: {}, cdn: {} });
    const image = { name: 'library/app', reference: 'latest' };
    const { digest, totalBytes } = await registry.facts('library/app', 'latest');
    expect(await ociPull(registry.url, image)).toMatchObject({
      ok: true,
      digest,
      bytes: totalBytes,
    });
    await registry.change({ faults: [{ fault: { name: 'status', status: 503 } }] });
    expect((await ociPull(registry.url, image)).failures).toEqual(['HEAD latest: 503']);
    await registry.change({ faults: [], auth: { scheme: 'bearer' } });
    await registry.resetCounts();
    await registry.outage('refuse', ['token']);
    expect((await ociPull(registry.url, image)).failures).toEqual(['ECONNREFUSED']);
    await registry.outage('refuse');
    expect((await ociPull(registry.url, image)).failures).toEqual(['ECONNREFUSED']);
    await registry.restore();
    await registry.put({ repository: 'other', images: [{ tags: ['1'], layerBytes: 10 }] });
    expect((await ociPull(registry.url, { name: 'other', reference: '1' })).ok).toBe(true);
    await registry.revokeTokens();
    await registry.remove({ repository: 'other' });
    expect(await registry.counts()).toMatchObject({
      tokensIssued: 1,
      paths: { 'HEAD /v2/library/app/manifests/latest': 1, 'HEAD /v2/other/manifests/1': 2 },
    });
    await expect(registry.facts('other', '1')).rejects.toThrow('no 1 in other');
  });
});

describe('which requests faults hit', () => {
  const fault: Fault = { name: 'reset' };
  const hits = (rule: Omit<FaultRule, 'fault'>, sizes: readonly number[]): number[] => {
    const choose = createFaultChooser([{ fault, ...rule }], 1);
    return sizes.flatMap((sizeBytes, index) => {
      const request = { kind: 'blob', method: 'GET', path: `/${index}`, attempt: 1 } as const;
      return choose({ ...request, sizeBytes }) === null ? [] : [index + 1];
    });
  };
  const draw = (seed: number): (string | undefined)[] => {
    const choose = createFaultChooser(mixedFaults(0.05), seed);
    return Array.from({ length: 4_000 }, (_, index) => {
      const request = { kind: 'blob', method: 'GET', path: `/${index}`, attempt: 1 } as const;
      return choose({ ...request, sizeBytes: 1 })?.name;
    });
  };

  it('by number among those that a rule concerns', () => {
    const sizes = [1, 9, 9, 1, 9, 9, 9];
    expect(hits({ every: 2, minBytes: 5 }, sizes)).toEqual([3, 6]);
    expect(hits({ nth: [1, 5] }, sizes)).toEqual([1, 5]);
    expect(hits({ path: '^/[23]$' }, sizes)).toEqual([3, 4]);
    expect(hits({ method: 'HEAD' }, sizes)).toEqual([]);
    expect(hits({ kinds: ['token'] }, sizes)).toEqual([]);
    expect(hits({ attempts: [2] }, sizes)).toEqual([]);
  });

  it('by lot: their share, the same with the same seed', () => {
    const drawn = draw(7);
    const spared = drawn.filter((one) => one === undefined).length / drawn.length;
    expect(spared).toBeGreaterThan(0.62);
    expect(spared).toBeLessThan(0.68);
    expect(draw(7)).toEqual(drawn);
    expect(draw(8)).not.toEqual(drawn);
  });
});
