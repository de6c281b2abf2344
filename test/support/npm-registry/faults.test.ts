import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { ask } from './ask.ts';
import { chooseFault, type Fault, type FaultRule, mixedFaults } from './fault.ts';
import { abbreviatedType } from './packument.ts';
import { type RecordedRegistry, startRecordedRegistry } from './recorded-registry.ts';
import { startRegistryProcess } from './registry-process.ts';

const widget = { name: 'widget', versions: { '1.0.0': { paddingBytes: 100_000 } } };
const tarball = 'widget/-/widget-1.0.0.tgz';

describe('faults of a recorded registry', () => {
  let registry: RecordedRegistry;
  const start = async (...faults: readonly FaultRule[]): Promise<void> => {
    registry = await startRecordedRegistry({ packages: [widget], faults });
  };
  afterEach(() => registry[Symbol.asyncDispose]());
  const get = (path: string, headers: Record<string, string> = {}, idleMs = 5_000) =>
    ask(`${registry.url}${path}`, { headers, idleMs });
  /** The answer with the fault, and the one after it. */
  const hitOnce = async (fault: Fault, path = tarball) => {
    await start({ fault, attempts: [1] });
    const isStall = fault.name === 'stall-in-body';
    const hit = await get(path, {}, isStall ? 200 : 5_000);
    const right = await get(path);
    expect([right.status, right.end]).toEqual([200, 'whole']);
    return { hit, right };
  };

  it('other statuses, with Retry-After', async () => {
    const { hit } = await hitOnce({ name: 'status', status: 429, retryAfterSec: 3 });
    expect([hit.status, hit.headers['retry-after']]).toEqual([429, '3']);
    expect((await registry.counts()).faults).toEqual({ status: 1 });
  });

  it('a reset before anything is said', async () => {
    const { hit } = await hitOnce({ name: 'reset' });
    expect([hit.status, hit.end]).toEqual([0, 'broken']);
  });

  it.each(['reset-in-body', 'truncated', 'stall-in-body'] as const)(
    'half a body that was announced whole: %s',
    async (name) => {
      const { hit, right } = await hitOnce({ name });
      expect(hit.end).toBe(name === 'stall-in-body' ? 'stalled' : 'broken');
      expect(Number(hit.headers['content-length'])).toBe(right.body.length);
      expect(hit.body.length).toBeLessThanOrEqual(Math.floor(right.body.length / 2));
      if (name === 'truncated') expect(hit.body.length).toBe(Math.floor(right.body.length / 2));
    },
  );

  it('half a body that ends as if it were whole', async () => {
    const { hit, right } = await hitOnce({ name: 'short' });
    expect([hit.end, hit.headers['content-length']]).toEqual(['whole', undefined]);
    expect(hit.body.length).toBe(Math.floor(right.body.length / 2));
  });

  it('one other bit, and other bytes altogether', async () => {
    const { hit, right } = await hitOnce({ name: 'corrupt' });
    const different = hit.body.filter((byte, index) => byte !== right.body[index]);
    expect([hit.body.length, different.length]).toEqual([right.body.length, 1]);
    await registry.setFaults([{ fault: { name: 'wrong-body' } }]);
    const wrong = await get(tarball);
    expect([wrong.body.length, wrong.body.equals(right.body)]).toEqual([right.body.length, false]);
  });

  it('a page in place of a packument, and a redirect', async () => {
    const { hit } = await hitOnce({ name: 'html' }, 'widget');
    expect([hit.status, hit.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    await registry.setFaults([{ fault: { name: 'redirect', location: 'http://10.0.0.1/' } }]);
    const moved = await get('widget');
    expect([moved.status, moved.headers.location]).toEqual([302, 'http://10.0.0.1/']);
  });

  it('headers that come late', async () => {
    const startMs = performance.now();
    const { hit } = await hitOnce({ name: 'slow-headers', delayMs: 300 });
    expect([hit.status, performance.now() - startMs >= 299]).toEqual([200, true]);
  });

  it('gzip that breaks off', async () => {
    const { hit } = await hitOnce({ name: 'broken-gzip' }, 'widget');
    expect(hit.headers['content-encoding']).toBe('gzip');
    expect(() => gunzipSync(hit.body)).toThrow('unexpected end of file');
  });

  it('validators that lie', async () => {
    await start({ fault: { name: 'lying-etag' } });
    const [full, short] = [await get('widget'), await get('widget', { accept: abbreviatedType })];
    expect(full.headers.etag).toBe(short.headers.etag);
    expect((await get('widget', { 'if-none-match': '"anything"' })).status).toBe(304);
  });

  it('packuments that are huge, deep, or of another package', async () => {
    await start({ fault: { name: 'huge', sizeBytes: 3_000_000 } });
    const huge = await get('widget');
    expect(huge.body.length).toBeGreaterThan(3_000_000);
    expect(JSON.parse(huge.body.toString())).toMatchObject({ name: 'huge', versions: {} });
    await registry.setFaults([{ fault: { name: 'nested', depth: 5_000 } }]);
    expect((await get('widget')).body.toString()).toContain('['.repeat(5_000));
    await registry.setFaults([{ fault: { name: 'wrong-name', packageName: 'gadget' } }]);
    const renamed = await get('widget', { 'accept-encoding': 'gzip' });
    expect(JSON.parse(renamed.body.toString())).toMatchObject({ _id: 'gadget', name: 'gadget' });
  });

  it('hit what a rule names and nothing else', async () => {
    await start({
      fault: { name: 'status', status: 503 },
      resource: '^GET /widget \\(abbreviated\\)$',
      attempts: [2],
    });
    const statuses: number[] = [];
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      statuses.push((await get('widget', { accept: abbreviatedType })).status);
      statuses.push((await get('widget')).status, (await get('-/ping')).status);
    }
    expect(statuses).toEqual([200, 200, 200, 503, 200, 200, 200, 200, 200]);
  });

  it('an outage, refused or reset, and the end of it', async () => {
    await start();
    for (const how of ['refuse', 'reset'] as const) {
      await registry.outage(how);
      expect([how, (await get('widget')).status]).toEqual([how, 0]);
      await registry.restore();
      expect([how, (await get('widget')).status]).toEqual([how, 200]);
    }
    expect((await registry.counts()).connections.all).toBe(2);
  });

  it('an outage ends answers that are under way', async () => {
    await start({ fault: { name: 'stall-in-body' } });
    const asked = get(tarball);
    await expect.poll(async () => (await registry.counts()).bodyBytes).toBeGreaterThan(0);
    await registry.outage('refuse');
    expect((await asked).end).toBe('broken');
  });

  it('are the same in a process of its own', async () => {
    registry = await startRegistryProcess({ packages: [widget] });
    expect((await get('widget')).status).toBe(200);
    await registry.setFaults([{ fault: { name: 'status', status: 503 } }]);
    expect((await get('widget')).status).toBe(503);
    await registry.outage('refuse');
    expect((await get('widget')).status).toBe(0);
    await registry.restore();
    await registry.setFaults([]);
    await registry.put({ name: 'gadget', versions: { '2.0.0': {} } });
    expect((await get('gadget/-/gadget-2.0.0.tgz')).status).toBe(200);
    expect((await registry.counts()).requests).toEqual({
      'GET /widget': 2,
      'GET /gadget/-/gadget-2.0.0.tgz': 1,
    });
  });
});

describe('faults by lot', () => {
  const draw = (seed: number): (string | undefined)[] =>
    Array.from({ length: 4_000 }, (_, index) => {
      const resource = `GET /package-${index}`;
      const request = { kind: 'tarball', resource, attempt: 1 } as const;
      return chooseFault(mixedFaults(0.05), request, seed)?.name;
    });

  it('hit their share of requests', () => {
    const drawn = draw(7);
    for (const name of ['reset', 'stall-in-body', 'truncated', 'corrupt']) {
      const share = drawn.filter((one) => one === name).length / drawn.length;
      expect([name, share > 0.04 && share < 0.06]).toEqual([name, true]);
    }
    const spared = drawn.filter((one) => one === undefined).length / drawn.length;
    expect(spared).toBeGreaterThan(0.67);
    expect(spared).toBeLessThan(0.73);
  });

  it('hit the same requests with the same seed', () => {
    expect(draw(7)).toEqual(draw(7));
    expect(draw(8)).not.toEqual(draw(7));
  });
});
