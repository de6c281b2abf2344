import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { type IncomingMessage, request as startRequest } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ask } from '../../support/npm-registry/ask.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startBoth, startTestMirror } from '../support/test-mirror.ts';

const sizeBytes = 12 * 1024 ** 2;
const body = Buffer.alloc(sizeBytes);
for (let at = 0; at < sizeBytes; at += 4) body.writeUInt32LE((at * 2654435761) >>> 0, at);
const corrupt = Buffer.from(body);
corrupt[sizeBytes - 10] = (corrupt[sizeBytes - 10] ?? 0) ^ 1;
const packument = JSON.stringify({
  name: 'large',
  versions: {
    '1.0.0': {
      dist: {
        tarball: 'https://registry.npm.test/large/-/large-1.0.0.tgz',
        shasum: createHash('sha1').update(body).digest('hex'),
        integrity: `sha512-${createHash('sha512').update(body).digest('base64')}`,
      },
    },
  },
});
const path = '/large/-/large-1.0.0.tgz';

it('is streamed before it is whole, and its end held back until it is', async () => {
  const rest = Promise.withResolvers<void>();
  await using upstream = await startScriptedUpstream((request, response) => {
    if (request.url !== path) return void response.end(packument);
    response.writeHead(200, { 'content-length': String(sizeBytes), etag: '"large"' });
    response.write(body.subarray(0, sizeBytes - 1));
    void rest.promise.then(() => response.end(body.subarray(sizeBytes - 1)));
  });
  await using mirror = await startTestMirror({ upstreams: [upstream.url] });
  const [response] = (await once(startRequest(mirror.url + path).end(), 'response')) as [
    IncomingMessage,
  ];
  let cameBytes = 0;
  let atOnceBytes = 0;
  const hash = createHash('sha512');
  response.on('data', (bytes: Buffer) => {
    cameBytes += bytes.length;
    hash.update(bytes);
    if (cameBytes === sizeBytes - 256 * 1024 - 1) {
      atOnceBytes = cameBytes;
      rest.resolve();
    }
  });
  await once(response, 'end');
  expect(atOnceBytes).toBe(sizeBytes - 256 * 1024 - 1);
  expect(cameBytes).toBe(sizeBytes);
  expect(hash.digest('base64')).toBe(createHash('sha512').update(body).digest('base64'));
  expect(response.headers['content-length']).toBe(String(sizeBytes));
});

it('a corrupt end is mended unseen, when the next attempt has it right', async () => {
  let fetches = 0;
  await using upstream = await startScriptedUpstream((request, response) => {
    if (request.url !== path) return void response.end(packument);
    fetches += 1;
    response.end(fetches === 1 ? corrupt : body);
  });
  await using mirror = await startTestMirror({ upstreams: [upstream.url] });
  const answer = await ask(mirror.url + path);
  expect(answer).toMatchObject({ status: 200, end: 'whole' });
  expect(answer.body.equals(body)).toBe(true);
  expect(fetches).toBe(2);
});

it.each([
  ['corrupt at its end', () => corrupt],
  ['other bytes each time', (fetch: number) => Buffer.alloc(sizeBytes, `${fetch} `)],
])('%s, always: the client’s connection breaks, and nothing is kept', async (_what, make) => {
  let fetches = 0;
  await using upstream = await startScriptedUpstream((request, response) => {
    if (request.url !== path) return void response.end(packument);
    fetches += 1;
    response.end(make(fetches));
  });
  await using mirror = await startTestMirror({
    upstreams: [upstream.url],
    core: { retry: { attempts: 3, baseDelayMs: 1, maxDelayMs: 2 } },
  });
  const answer = await ask(mirror.url + path);
  expect(answer.end).toBe('broken');
  expect(answer.body.length).toBeLessThan(sizeBytes);
  await mirror.core.tarballs.settled();
  const again = await ask(mirror.url + path);
  expect(again.headers['x-ashlar-cache']).not.toBe('hit');
});

it('another length than was announced ends in no clean answer', async () => {
  let fetches = 0;
  const begun = Promise.withResolvers<void>();
  await using upstream = await startScriptedUpstream((request, response) => {
    if (request.url !== path) return void response.end(packument);
    fetches += 1;
    // First a body that is said to be longer and breaks off, then the right one.
    if (fetches > 1) return void response.end(body);
    response.writeHead(200, { 'content-length': String(sizeBytes + 5_000) });
    response.write(body.subarray(0, sizeBytes - 100_000));
    return void begun.promise.then(() => response.destroy());
  });
  await using mirror = await startTestMirror({ upstreams: [upstream.url] });
  const [response] = (await once(startRequest(mirror.url + path).end(), 'response')) as [
    IncomingMessage,
  ];
  expect(response.headers['content-length']).toBe(String(sizeBytes + 5_000));
  begun.resolve();
  const timer = setTimeout(() => response.destroy(new Error('no end in time')), 5_000);
  await expect(buffer(response)).rejects.toThrow('aborted');
  clearTimeout(timer);
  await mirror.core.tarballs.settled();
  const again = await ask(mirror.url + path);
  expect(again.body.equals(body)).toBe(true);
});

it('may take longer than upstream has for an answer’s head, as long as it gets on', async () => {
  await using upstream = await startScriptedUpstream((request, response) => {
    if (request.url !== path) return void response.end(packument);
    response.writeHead(200, { 'content-length': String(sizeBytes) });
    const slowly = async (): Promise<void> => {
      for (let part = 0; part < 12; part += 1) {
        response.write(body.subarray(part * 1024 ** 2, (part + 1) * 1024 ** 2));
        await pause(100);
      }
      response.end();
    };
    void slowly();
  });
  await using mirror = await startTestMirror({
    upstreams: [upstream.url],
    core: { settings: { fetchTimeoutMs: 300 } },
  });
  const answer = await ask(mirror.url + path);
  expect(answer).toMatchObject({ status: 200, end: 'whole' });
  expect(answer.body.equals(body)).toBe(true);
  expect(upstream.seen.filter((one) => one.path === path)).toHaveLength(1);
});

it('one that was damaged on disk is noticed while it is sent, and fetched again', async () => {
  const packages = [{ name: 'kept', versions: { '1.0.0': { paddingBytes: 3e6 } } }];
  await using both = await startBoth({ packages });
  const { mirror, registry } = both;
  const url = `${mirror.url}/kept/-/kept-1.0.0.tgz`;
  const right = await ask(url);
  await mirror.core.tarballs.settled();
  const { objects } = mirror.core.cache;
  for await (const { key } of objects.list('blobs/')) {
    const bytes = Buffer.from(right.body);
    bytes[bytes.length - 5] = (bytes[bytes.length - 5] ?? 0) ^ 1;
    await objects.replace(key, bytes);
  }
  const damaged = await ask(url);
  expect(damaged.end).toBe('broken');
  expect((await ask(url)).body.equals(right.body)).toBe(true);
  expect((await registry.counts()).requests['GET /kept/-/kept-1.0.0.tgz']).toBe(2);
});
