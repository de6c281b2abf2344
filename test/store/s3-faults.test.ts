import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/store/object-store.ts';
import type { S3StoreOptions } from '../../src/store/s3-client.ts';
import { createS3ObjectStore } from '../../src/store/s3-object-store.ts';
import { type CephRgw, createBucket, startCephRgw, whyNoCephRgw } from '../support/ceph-rgw.ts';
import { scratchDir } from '../support/scratch.ts';
import { listed } from './object-store-listing-contract.ts';
import { startTcpProxy } from './tcp-proxy.ts';

const skipReason = await whyNoCephRgw();
const bucket = 'faults';
const largeFile = join(scratchDir('s3-faults'), 'large');
const stack = new AsyncDisposableStack();
let rgw: CephRgw;

beforeAll(async () => {
  if (skipReason !== null) return;
  writeFileSync(largeFile, Buffer.alloc(1_500_000, 1));
  rgw = stack.use(await startCephRgw());
  await createBucket(rgw, bucket);
});
afterAll(() => stack.disposeAsync());

const suffix = skipReason === null ? '' : ` (skipped: ${skipReason})`;

interface Place {
  readonly endpoint?: string;
  readonly bucket?: string;
}

async function open(place: Place = {}, options: S3StoreOptions = {}): Promise<ObjectStore> {
  const location = {
    kind: 's3' as const,
    bucket: place.bucket ?? bucket,
    prefix: 'p/',
    endpoint: place.endpoint ?? rgw.endpoint,
  };
  return createS3ObjectStore(location, { credentials: rgw.credentials, ...options });
}

const operations: readonly (readonly [string, (store: ObjectStore) => Promise<unknown>])[] = [
  ['get', (store) => store.get('one')],
  ['getRange', (store) => store.getRange('one', 0, 1)],
  ['openRead', (store) => store.openRead('one')],
  ['head', (store) => store.head('one')],
  ['put', (store) => store.put('one', Buffer.from('1'))],
  ['putFile of a small file', (store) => store.putFile('one', import.meta.filename)],
  ['putFile of a large file', (store) => store.putFile('one', largeFile)],
  ['replace', (store) => store.replace('one', Buffer.from('1'))],
  ['list', (store) => listed(store, '')],
  ['delete', (store) => store.delete('one')],
];

describe.skipIf(skipReason !== null)(`S3 store: refusals${suffix}`, () => {
  it.each(operations)('%s names an endpoint that refuses connections', async (_, operate) => {
    const endpoint = `http://127.0.0.1:${await closedPort()}`;
    const store = await open({ endpoint });
    await expect(operate(store)).rejects.toMatchObject({
      code: 'store_unreachable',
      message: expect.stringMatching(new RegExp(`bucket ${bucket} at ${endpoint} .*ECONNREFUSED`)),
    });
  });

  it.each(operations)('%s names a bucket that does not exist', async (_, operate) => {
    const store = await open({ bucket: 'no-such-bucket' });
    await expect(operate(store)).rejects.toMatchObject({
      code: 'store_unreachable',
      message: expect.stringContaining(`bucket no-such-bucket at ${rgw.endpoint} does not exist`),
    });
  });

  it.each(operations)('%s names refused credentials, and keeps the secret', async (_, operate) => {
    const credentials = { ...rgw.credentials, secretAccessKey: 'wrong-secret-key' };
    const store = await open({}, { credentials });
    const error = await operate(store).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({
      code: 'store_unreachable',
      message: expect.stringContaining(
        `bucket ${bucket} at ${rgw.endpoint} refuses these credentials`,
      ),
    });
    expect(JSON.stringify(error) + String(error)).not.toContain('wrong-secret-key');
  });

  it('gives null for a missing object in a bucket that exists', async () => {
    const store = await open();
    expect(await store.head('none')).toBeNull();
    expect(await store.head('none')).toBeNull();
  });
});

describe.skipIf(skipReason !== null)(`S3 store: broken connections${suffix}`, () => {
  const bytes = randomBytes(1_000_000);
  const timeouts = { connectMs: 2_000, idleMs: 400, totalMs: 20_000 };

  beforeEach(async () => {
    await (await open()).replace('large', bytes);
  });

  it('reads again what was cut in the middle', async () => {
    await using proxy = await startTcpProxy(rgw.endpoint, (connection) =>
      connection <= 2 ? { passBytes: 300_000, after: 'cut' } : null,
    );
    const store = await open({ endpoint: proxy.endpoint }, { timeouts });
    expect((await store.get('large')).equals(bytes)).toBe(true);
    expect(proxy.connections()).toBe(3);
  });

  it('gives up on a body that is cut each time', async () => {
    await using proxy = await startTcpProxy(rgw.endpoint, () => ({
      passBytes: 300_000,
      after: 'cut',
    }));
    const store = await open({ endpoint: proxy.endpoint }, { timeouts });
    const expected = {
      code: 'store_unreachable',
      message: expect.stringMatching(
        /bucket faults at http:.*the body ended after \d+ of \d+ bytes/,
      ),
    };
    await expect(store.get('large')).rejects.toMatchObject(expected);
    await expect(store.getRange('large', 1000, 900_000)).rejects.toMatchObject(expected);
    expect(proxy.connections()).toBe(6);
  });

  it('reads a range again that was cut', async () => {
    await using proxy = await startTcpProxy(rgw.endpoint, (connection) =>
      connection === 1 ? { passBytes: 2000, after: 'cut' } : null,
    );
    const store = await open({ endpoint: proxy.endpoint }, { timeouts });
    const range = await store.getRange('large', 100, 65_536);
    expect(range.equals(bytes.subarray(100, 65_636))).toBe(true);
  });

  it('ends a body that stalls, each time, in bounded time', async () => {
    await using proxy = await startTcpProxy(rgw.endpoint, () => ({
      passBytes: 300_000,
      after: 'stall',
    }));
    const store = await open({ endpoint: proxy.endpoint }, { timeouts });
    const startedMs = performance.now();
    await expect(store.get('large')).rejects.toMatchObject({
      code: 'store_unreachable',
      message: expect.stringContaining('bucket faults at http:'),
    });
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  it.each(operations)('%s ends in bounded time when no answer comes', async (_, operate) => {
    await using proxy = await startTcpProxy(rgw.endpoint, () => ({ passBytes: 0, after: 'stall' }));
    const store = await open({ endpoint: proxy.endpoint }, { timeouts });
    const startedMs = performance.now();
    await expect(operate(store)).rejects.toMatchObject({
      code: 'store_unreachable',
      message: expect.stringContaining('does not answer (TimeoutError'),
    });
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  it('ends an operation at its total time, however its attempts go', async () => {
    await using proxy = await startTcpProxy(rgw.endpoint, () => ({ passBytes: 0, after: 'stall' }));
    const store = await open(
      { endpoint: proxy.endpoint },
      { timeouts: { connectMs: 2_000, idleMs: 60_000, totalMs: 300 } },
    );
    await expect(store.get('large')).rejects.toMatchObject({
      code: 'store_unreachable',
      message: expect.stringContaining('did not finish a read within 300 ms'),
    });
  });

  it('stops at once when the caller leaves', async () => {
    await using proxy = await startTcpProxy(rgw.endpoint, () => ({
      passBytes: 5000,
      after: 'stall',
    }));
    const store = await open({ endpoint: proxy.endpoint });
    const controller = new AbortController();
    const reason = new Error('left');
    const reading = store.get('large', { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 100);
    await expect(reading).rejects.toBe(reason);
  });

  it('knows its own object when the answer to the put was lost', async () => {
    await using proxy = await startTcpProxy(rgw.endpoint, (connection) =>
      connection === 1 ? { passBytes: 0, after: 'cut' } : null,
    );
    const store = await open({ endpoint: proxy.endpoint }, { timeouts });
    expect(await store.put('lost-answer', Buffer.from('mine'))).toBe('created');
    expect(proxy.connections()).toBeGreaterThan(1);
    expect(await store.put('lost-answer', Buffer.from('other'))).toBe('exists');
  });

  it('does not claim the object of another writer when an answer was lost', async () => {
    await (await open()).put('theirs', Buffer.from('theirs'));
    await using proxy = await startTcpProxy(rgw.endpoint, (connection) =>
      connection === 1 ? { passBytes: 0, after: 'cut' } : null,
    );
    const store = await open({ endpoint: proxy.endpoint }, { timeouts });
    expect(await store.put('theirs', Buffer.from('mine'))).toBe('exists');
    expect((await store.get('theirs')).toString()).toBe('theirs');
  });
});

async function closedPort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
