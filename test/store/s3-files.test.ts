import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/store/object-store.ts';
import type { S3StoreOptions } from '../../src/store/s3-client.ts';
import { createS3ObjectStore } from '../../src/store/s3-object-store.ts';
import { type CephRgw, createBucket, startCephRgw, whyNoCephRgw } from '../support/ceph-rgw.ts';
import { scratchDir } from '../support/scratch.ts';
import { readAll } from './object-store-reading-contract.ts';
import { startTcpProxy } from './tcp-proxy.ts';

const skipReason = await whyNoCephRgw();
const bucket = 'files';
const mebibyte = 1024 * 1024;
const scratch = scratchDir('s3-files');
const stack = new AsyncDisposableStack();
let rgw: CephRgw;

beforeAll(async () => {
  if (skipReason !== null) return;
  rgw = stack.use(await startCephRgw());
  await createBucket(rgw, bucket);
});
afterAll(() => stack.disposeAsync());

const suffix = skipReason === null ? '' : ` (skipped: ${skipReason})`;
const inParts = { singlePutBytes: 5 * mebibyte, partBytes: 5 * mebibyte };
const timeouts = { connectMs: 2_000, idleMs: 400, totalMs: 20_000 };

function open(options: S3StoreOptions = {}, endpoint = rgw.endpoint): Promise<ObjectStore> {
  const location = { kind: 's3', bucket, prefix: 'p/', endpoint } as const;
  return createS3ObjectStore(location, { credentials: rgw.credentials, ...options });
}

async function fileOf(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(join(scratch, name), bytes);
  return join(scratch, name);
}

async function unfinishedUploads(): Promise<number> {
  const { endpoint, credentials } = rgw;
  const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
  const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  client.destroy();
  return Uploads?.length ?? 0;
}

describe.skipIf(skipReason !== null)(`S3 store: files in parts${suffix}`, () => {
  const bytes = randomBytes(12 * mebibyte + 5);

  it('stores a file in parts where the key is free', async () => {
    const path = await fileOf('parts', bytes);
    const store = await open(inParts);
    expect(await store.putFile('parts/one', path)).toBe('created');
    expect((await readAll(await store.openRead('parts/one'))).equals(bytes)).toBe(true);
    expect(await store.putFile('parts/one', path)).toBe('exists');
    expect(await unfinishedUploads()).toBe(0);
  });

  it('leaves the object of one writer, whole, when several race', async () => {
    const values = Array.from({ length: 3 }, () => randomBytes(6 * mebibyte));
    const store = await open(inParts);
    const paths = await Promise.all(values.map((value, index) => fileOf(`race-${index}`, value)));
    const outcomes = await Promise.all(paths.map((path) => store.putFile('parts/race', path)));
    expect(outcomes).toContain('created');
    const stored = await store.get('parts/race');
    const winners = values.filter((_, index) => outcomes[index] === 'created');
    expect(winners.some((value) => value.equals(stored))).toBe(true);
    expect(await unfinishedUploads()).toBe(0);
  });

  it('throws away what was sent when the caller leaves', async () => {
    const path = await fileOf('left', bytes);
    // Lets the answers to the first requests through, and none of those to the parts.
    await using proxy = await startTcpProxy(rgw.endpoint, (connection) =>
      connection === 1 ? { passBytes: 1500, after: 'stall' } : null,
    );
    const store = await open({ ...inParts, timeouts: { idleMs: 30_000 } }, proxy.endpoint);
    const controller = new AbortController();
    const reason = new Error('left');
    const putting = store.putFile('parts/left', path, { signal: controller.signal });
    while ((await unfinishedUploads()) === 0) await pause(20);
    controller.abort(reason);
    await expect(putting).rejects.toBe(reason);
    expect(await unfinishedUploads()).toBe(0);
    expect(await store.head('parts/left')).toBeNull();
  });

  it('sends a part again whose connection broke', async () => {
    const path = await fileOf('broken', bytes);
    await using proxy = await startTcpProxy(rgw.endpoint, (connection) =>
      connection === 1 ? { passBytes: 1200, after: 'cut' } : null,
    );
    const store = await open({ ...inParts, timeouts }, proxy.endpoint);
    expect(await store.putFile('parts/broken', path)).toBe('created');
    expect((await readAll(await store.openRead('parts/broken'))).equals(bytes)).toBe(true);
    expect(proxy.connections()).toBeGreaterThan(1);
  });
});

describe.skipIf(skipReason !== null)(`S3 store: files in one request${suffix}`, () => {
  const bytes = randomBytes(3 * mebibyte);

  it('knows its own object when the answer was lost', async () => {
    const path = await fileOf('lost', bytes);
    await using proxy = await startTcpProxy(rgw.endpoint, (connection) =>
      connection === 1 ? { passBytes: 300, after: 'cut' } : null,
    );
    const store = await open({ timeouts }, proxy.endpoint);
    expect(await store.putFile('lost-answer', path)).toBe('created');
    expect(proxy.connections()).toBeGreaterThan(1);
    expect((await store.get('lost-answer')).equals(bytes)).toBe(true);
  });

  it('ends in bounded time when no answer to the body comes', async () => {
    const path = await fileOf('stalled', bytes);
    await using proxy = await startTcpProxy(rgw.endpoint, () => ({ passBytes: 0, after: 'stall' }));
    const store = await open({ timeouts }, proxy.endpoint);
    const startedMs = performance.now();
    await expect(store.putFile('stalled', path)).rejects.toMatchObject({
      code: 'store_unreachable',
    });
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });
});

describe.skipIf(skipReason !== null)(`S3 store: reading in pieces${suffix}`, () => {
  const bytes = randomBytes(2 * mebibyte + 1);

  it('goes on where a body was cut, again and again', async () => {
    await (await open()).replace('cut', bytes);
    await using proxy = await startTcpProxy(rgw.endpoint, (connection) =>
      connection <= 5 ? { passBytes: 300_000, after: 'cut' } : null,
    );
    const store = await open({ timeouts }, proxy.endpoint);
    const read = await store.openRead('cut', { offset: 7 });
    expect((await readAll(read)).equals(bytes.subarray(7))).toBe(true);
    expect(proxy.connections()).toBe(6);
  });

  it('goes on where a body stalled, and gives up on one that never moves', async () => {
    await (await open()).replace('stall', bytes);
    await using once = await startTcpProxy(rgw.endpoint, (connection) =>
      connection === 1 ? { passBytes: 300_000, after: 'stall' } : null,
    );
    const store = await open({ timeouts }, once.endpoint);
    expect((await readAll(await store.openRead('stall'))).equals(bytes)).toBe(true);
    await using always = await startTcpProxy(rgw.endpoint, (connection) =>
      connection === 1 ? { passBytes: 300_000, after: 'stall' } : { passBytes: 0, after: 'cut' },
    );
    const unlucky = await open({ timeouts }, always.endpoint);
    await expect(readAll(await unlucky.openRead('stall'))).rejects.toMatchObject({
      code: 'store_unreachable',
      message: expect.stringContaining(`bucket ${bucket} at ${always.endpoint}`),
    });
  });

  it('waits for a reader that pauses for longer than a connection may idle', async () => {
    await (await open()).replace('slow', bytes);
    const store = await open({ timeouts: { ...timeouts, idleMs: 150 } });
    const pieces: Buffer[] = [];
    for await (const piece of await store.openRead('slow')) {
      pieces.push(piece);
      if (pieces.length % 12 === 1) await pause(400);
    }
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
  });

  it('does not go on with another object of the same name', async () => {
    const direct = await open();
    await direct.replace('replaced', bytes);
    await using proxy = await startTcpProxy(rgw.endpoint, (connection) =>
      connection === 1 ? { passBytes: 600_000, after: 'cut' } : null,
    );
    const read = await (await open({ timeouts }, proxy.endpoint)).openRead('replaced');
    await direct.replace('replaced', randomBytes(bytes.length));
    await expect(readAll(read)).rejects.toMatchObject({
      code: 'object_missing',
      message: expect.stringContaining('replaced while it was read'),
    });
  });

  it('does not go on with an object that was deleted', async () => {
    const direct = await open();
    await direct.replace('deleted', bytes);
    await using proxy = await startTcpProxy(rgw.endpoint, (connection) =>
      connection === 1 ? { passBytes: 600_000, after: 'cut' } : null,
    );
    const read = await (await open({ timeouts }, proxy.endpoint)).openRead('deleted');
    await direct.delete('deleted');
    await expect(readAll(read)).rejects.toMatchObject({ code: 'object_missing' });
  });
});
