import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../../mirror/support/scripted-upstream.ts';
import { ask, type WireAnswer } from '../../support/npm-registry/ask.ts';
import { noise, whole } from '../../support/oci-registry/bytes.ts';
import { digestOf } from '../../support/oci-registry/digest.ts';
import { startTestCache, type TestCache } from '../support/test-cache.ts';

const bytes = whole(noise('ranges', 600_000));
const size = bytes.length;
const half = size / 2;
const largest = '9223372036854775807';
const nowhere = '9'.repeat(30);

/** What is asked for, and what of the blob is to come: null for an answer that nothing of it suits. */
const satisfied: readonly (readonly [range: string, from: number, to: number])[] = [
  ['bytes=0-', 0, size],
  ['bytes=0-0', 0, 1],
  ['bytes=500-1499', 500, 1500],
  [`bytes=${size - 1}-`, size - 1, size],
  [`bytes=100-${size * 2}`, 100, size],
  [`bytes=100-${largest}`, 100, size],
  [`bytes=100-${nowhere}`, 100, size],
  ['bytes=-500', size - 500, size],
  [`bytes=-${size * 3}`, 0, size],
  [`bytes=-${largest}`, 0, size],
  ['BYTES=1-2', 1, 3],
  ['bytes=007-0009', 7, 10],
];
const unsatisfiable = [
  `bytes=${size}-`,
  `bytes=${size}-${size + 5}`,
  'bytes=500-0',
  'bytes=-0',
  `bytes=${largest}-`,
  `bytes=${nowhere}-`,
];
/** What is not understood is not heeded (RFC 9110, section 14.2). */
const unheeded = [
  'bytes=',
  'bytes=-',
  'bytes=a-b',
  'bytes=0x0-0x5',
  'bytes=-5-10',
  'bytes=1.5-2',
  'items=0-5',
  'bytes 0-5',
  'bytes=0-1,5-6',
  'bytes=--5',
  `bytes=${'0-1,'.repeat(1_000)}5-6`,
];

const expectPart = (answer: WireAnswer, of: Buffer, [from, to]: [number, number]): void => {
  expect(answer).toMatchObject({
    status: 206,
    end: 'whole',
    headers: {
      'content-range': `bytes ${from}-${to - 1}/${of.length}`,
      'content-length': `${to - from}`,
    },
  });
  expect(answer.body.equals(of.subarray(from, to))).toBe(true);
};

/** What was asked of upstream by GET, its greeting first. */
const fetched = ({ seen }: ScriptedUpstream): string[] =>
  seen.filter(({ method }) => method === 'GET').map(({ path }) => path);

describe.each(['sha256', 'sha512'] as const)('blobs that are kept: %s', (algorithm) => {
  const digest = digestOf(bytes, algorithm);
  const opened = new AsyncDisposableStack();
  let upstream: ScriptedUpstream;
  let cache: TestCache;
  const read = (headers: Record<string, string>, method = 'GET'): Promise<WireAnswer> =>
    ask(`${cache.url}/v2/team/app/blobs/${digest}`, { headers, method });
  beforeAll(async () => {
    upstream = opened.use(
      await startScriptedUpstream((_request, response) => {
        response.setHeader('content-length', size).end(bytes);
      }),
    );
    cache = opened.use(await startTestCache({ upstreams: [upstream.url] }));
    await read({});
  });
  afterAll(() => opened.disposeAsync());

  it.each(satisfied)('%s', async (range, from, to) => {
    expectPart(await read({ range }), bytes, [from, to]);
  });

  it.each(unsatisfiable)('%s suits nothing', async (range) => {
    const answer = await read({ range });
    expect([answer.status, answer.body.length]).toEqual([416, 0]);
    expect(answer.headers['content-range']).toBe(`bytes */${size}`);
  });

  it.each(unheeded)('%.40s is not heeded', async (range) => {
    const answer = await read({ range });
    expect([answer.status, answer.headers['content-range']]).toEqual([200, undefined]);
    expect(answer.body.equals(bytes)).toBe(true);
  });

  it('If-Range lets through the part of the very same blob alone', async () => {
    const { etag = '' } = (await read({})).headers;
    expect(etag).toBe(`"${digest}"`);
    expectPart(await read({ range: 'bytes=5-9', 'if-range': etag }), bytes, [5, 10]);
    for (const other of ['"other"', `W/${etag}`, 'Wed, 21 Oct 2015 07:28:00 GMT', digest]) {
      const { status, body } = await read({ range: 'bytes=5-9', 'if-range': other });
      expect([other, status, body.length]).toEqual([other, 200, size]);
    }
  });

  it.each(['GET', 'HEAD'])('If-None-Match spares who has it: %s', async (method) => {
    const etag = `"${digest}"`;
    for (const value of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const answer = await read({ 'if-none-match': value, range: 'bytes=0-5' }, method);
      expect([value, answer.status, answer.body.length]).toEqual([value, 304, 0]);
      expect(answer.headers).toMatchObject({ etag, 'docker-content-digest': digest });
    }
    for (const value of ['"other"', digest, '']) {
      expect((await read({ 'if-none-match': value }, method)).status).toBe(200);
    }
  });

  it('HEAD gives all headers of the whole, whatever range is asked', async () => {
    const { status, headers } = await read({ range: 'bytes=0-5' }, 'HEAD');
    expect([status, headers['content-length']]).toEqual([200, `${size}`]);
  });

  it('cost upstream one request', () => {
    expect(fetched(upstream)).toEqual(['/v2/', `/v2/team/app/blobs/${digest}`]);
  });
});

/** As Go's servers have it, whose clients may ask every blob so. */
it('an empty blob is given whole, whatever range is asked', async () => {
  const digest = digestOf(Buffer.alloc(0));
  await using upstream = await startScriptedUpstream((_request, response) => {
    response.setHeader('content-length', 0).end();
  });
  await using cache = await startTestCache({ upstreams: [upstream.url] });
  for (const range of ['bytes=0-', 'bytes=-500', 'bytes=5-6']) {
    const answer = await ask(`${cache.url}/v2/team/app/blobs/${digest}`, { headers: { range } });
    expect([range, answer.status, answer.body.length]).toEqual([range, 200, 0]);
  }
});

/** Blobs above this are given out as they come, but for their end. */
const limits = { wholeBytes: 50_000, holdBackBytes: 20_000, heldMs: 0 };

describe('blobs that are arriving', () => {
  const digest = digestOf(bytes);
  const path = `/v2/team/app/blobs/${digest}`;
  const opened = new AsyncDisposableStack();
  let upstream: ScriptedUpstream;
  let cache: TestCache;
  let release = Promise.withResolvers<void>();
  beforeAll(async () => {
    upstream = opened.use(
      await startScriptedUpstream((request, response) => {
        if (request.url !== '/v2/') response.setHeader('content-length', size);
        if (request.method === 'HEAD' || request.url === '/v2/') {
          response.end();
          return;
        }
        response.write(bytes.subarray(0, half));
        void release.promise.then(() => response.end(bytes.subarray(half)));
      }),
    );
  });
  afterAll(async () => {
    release.resolve();
    await opened.disposeAsync();
  });

  it('give every range as soon as it is there, all from one request', async () => {
    release = Promise.withResolvers();
    // Upstream holds the other half for as long as this takes: that is no stall.
    const core = { limits, timeouts: { bodyIdleMs: 60_000 } };
    cache = opened.use(await startTestCache({ upstreams: [upstream.url], core }));
    const read = (range?: string): Promise<WireAnswer> =>
      ask(cache.url + path, { headers: range === undefined ? {} : { range }, idleMs: 10_000 });
    const leader = read();
    // The half is there, and no more of it comes as long as the test does not say so.
    for (const [range, from, to] of [
      ['bytes=0-0', 0, 1],
      ['bytes=500-1499', 500, 1500],
      [`bytes=200000-250000`, 200_000, 250_001],
    ] as const)
      expectPart(await read(range), bytes, [from, to]);
    for (const range of unsatisfiable) {
      const { status, headers } = await read(range);
      expect([range, status, headers['content-range']]).toEqual([range, 416, `bytes */${size}`]);
    }
    const head = await ask(cache.url + path, { method: 'HEAD' });
    expect(head.headers['content-length']).toBe(`${size}`);
    const same = await ask(cache.url + path, { headers: { 'if-none-match': `"${digest}"` } });
    expect(same.status).toBe(304);
    const parts = satisfied.map(async ([range, from, to]) => ({
      answer: await read(range),
      from,
      to,
    }));
    const wholes = [...unheeded, undefined].map((range) => read(range));
    release.resolve();
    for (const { answer, from, to } of await Promise.all(parts))
      expectPart(answer, bytes, [from, to]);
    for (const { body } of await Promise.all(wholes)) expect(body.equals(bytes)).toBe(true);
    expect((await leader).body.equals(bytes)).toBe(true);
    expect(fetched(upstream)).toEqual(['/v2/', `/v2/team/app/blobs/${digest}`]);
  });

  it('give the head of an answer for a place that is not there for long', async () => {
    release = Promise.withResolvers();
    const core = { limits, timeouts: { bodyIdleMs: 60_000 }, settings: { headPatienceMs: 50 } };
    const answerMs = 2_000;
    await using own = await startTestCache({
      upstreams: [upstream.url],
      core,
      serve: { limits: { answerMs } },
    });
    const range = `bytes=${half + 5}-${half + 9}`;
    const response = await fetch(own.url + path, { headers: { range } });
    expect([response.status, response.headers.get('content-length')]).toEqual([206, '5']);
    // Longer than anybody waits for an answer.
    await sleep(answerMs + 500);
    release.resolve();
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes.subarray(half + 5, half + 10));
  });

  it('a range of what turns out to be wrong breaks off, and the next is right', async () => {
    let isWrong = true;
    await using liar = await startScriptedUpstream((request, response) => {
      const wrong = Buffer.from(bytes);
      if (isWrong) wrong.writeUInt8(255 - wrong.readUInt8(5), 5);
      response.setHeader('content-length', size).end(request.method === 'HEAD' ? undefined : wrong);
    });
    const core = { limits, retry: { attempts: 1 } };
    await using own = await startTestCache({ upstreams: [liar.url], core });
    const read = (range: string): Promise<WireAnswer> =>
      ask(own.url + path, { headers: { range } });
    for (const range of ['bytes=0-', `bytes=${size - 10}-`, 'bytes=100-']) {
      const answer = await read(range);
      expect([200, 206].includes(answer.status) && answer.end === 'whole').toBe(false);
    }
    isWrong = false;
    await expect.poll(async () => (await read('bytes=0-9')).status).toBe(206);
    expectPart(await read('bytes=0-9'), bytes, [0, 10]);
  });
});
