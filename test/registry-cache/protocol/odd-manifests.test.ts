import { describe, expect, it } from 'vitest';
import { startScriptedUpstream } from '../../mirror/support/scripted-upstream.ts';
import { ask, type WireAnswer } from '../../support/npm-registry/ask.ts';
import { digestOf } from '../../support/oci-registry/digest.ts';
import { ociIndex, ociManifest } from '../../support/oci-registry/media-types.ts';
import { startRecordedOciRegistry } from '../../support/oci-registry/recorded-oci-registry.ts';
import { startTestCache, type TestCache } from '../support/test-cache.ts';
import { errorCode } from './support/cache-address.ts';
import { indexText, manifestText } from './support/manifest-text.ts';

/** Two attempts, at once. */
const retry = { attempts: 2, baseDelayMs: 1, maxDelayMs: 5 };
const nowhere = `sha256:${'5'.repeat(64)}`;
const read = (cache: TestCache, path: string, method = 'GET'): Promise<WireAnswer> =>
  ask(`${cache.url}/v2/${path}`, { method });

describe('manifests', () => {
  it('of an index that nests itself are not gone around in', async () => {
    const self = indexText([{ digest: nowhere, size: 300, mediaType: ociIndex }]);
    await using scripted = await startScriptedUpstream((request, response) => {
      response.setHeader('content-type', ociIndex).end(request.url === '/v2/' ? '{}' : self);
    });
    await using cache = await startTestCache({
      upstreams: [scripted.url],
      core: { retry },
    });
    expect((await read(cache, 'team/app/manifests/latest')).body.toString()).toBe(self);
    const inner = await read(cache, `team/app/manifests/${nowhere}`);
    expect([inner.status, errorCode(inner)]).toEqual([502, 'UNAVAILABLE']);
    expect(scripted.seen.length).toBeLessThan(6);
    expect((await read(cache, 'team/app/manifests/latest')).status).toBe(200);
  });

  it('of indexes within indexes are given out one by one, however deep', async () => {
    const levels = [manifestText([])];
    for (let depth = 0; depth < 30; depth += 1) {
      const text = levels.at(-1) ?? '';
      const size = Buffer.byteLength(text);
      const digest = digestOf(Buffer.from(text));
      const mediaType = depth === 0 ? ociManifest : ociIndex;
      levels.push(indexText([{ digest, size, mediaType }]));
    }
    const manifests = levels.map((text, at) => ({
      text,
      mediaType: at === 0 ? ociManifest : ociIndex,
      tags: [`level-${at}`],
    }));
    const contents = [{ repository: 'team/deep', manifests }];
    await using upstream = await startRecordedOciRegistry({ contents });
    await using cache = await startTestCache({ upstreams: [upstream.url] });
    await upstream.resetCounts();
    expect((await read(cache, 'team/deep/manifests/level-30')).body.toString()).toBe(levels[30]);
    expect((await upstream.counts()).requests['GET manifest']).toBe(1);
    for (const text of levels.toReversed()) {
      const { body } = await read(cache, `team/deep/manifests/${digestOf(Buffer.from(text))}`);
      expect(body.toString()).toBe(text);
    }
  });

  it.each([
    ['[]'],
    ['null'],
    ['"text"'],
    ['{}'],
    ['{"schemaVersion":2'],
    ['{"manifests":[]}'],
    ['\u{feff}{"schemaVersion":2}'],
  ])('that are none are not kept: %s', async (text) => {
    await using scripted = await startScriptedUpstream((_request, response) => {
      response.setHeader('content-type', ociManifest).end(text);
    });
    await using cache = await startTestCache({
      upstreams: [scripted.url],
      core: { retry },
    });
    expect((await read(cache, 'team/app/manifests/latest')).status).toBe(502);
  });

  it.each([
    ['what it says itself', manifestText([]), undefined, ociManifest],
    ['what it looks like: an index', '{"schemaVersion":2,"manifests":[]}', undefined, ociIndex],
    ['what it looks like: an image', '{"schemaVersion":2,"layers":[]}', undefined, ociManifest],
    ['what upstream says', manifestText([]), 'application/json', 'application/json'],
    ['no type of many bytes', manifestText([]), 'x'.repeat(5_000), null],
    ['no type that no header may have', manifestText([]), 'application/ü€', null],
    ['no type of schema 1', '{"schemaVersion":1,"fsLayers":[]}', 'application/json', null],
  ])('have a type: %s', async (_what, text, sent, type) => {
    await using scripted = await startScriptedUpstream((_request, response) => {
      // As bytes, so that nothing is added and no letter is checked.
      const line = sent === undefined ? '' : `Content-Type: ${sent}\r\n`;
      const length = Buffer.byteLength(text);
      response.socket?.end(`HTTP/1.1 200 OK\r\n${line}Content-Length: ${length}\r\n\r\n${text}`);
    });
    await using cache = await startTestCache({ upstreams: [scripted.url], core: { retry } });
    for (const method of ['GET', 'HEAD']) {
      const answer = await read(cache, 'team/app/manifests/latest', method);
      const got = answer.status === 502 ? null : answer.headers['content-type'];
      expect([method, got]).toEqual([method, type]);
    }
  });

  it.each([
    ['fields of other types', '{"schemaVersion":"2","layers":{"a":1},"config":7,"manifests":"x"}'],
    ['descriptors that are none', manifestText([{ digest: '../../x', size: -1 }])],
    ['a name that programs know', '{"schemaVersion":2,"__proto__":{"layers":[]},"constructor":1}'],
    ['deep nesting', `{"schemaVersion":2,"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['letters that are no UTF-8', Buffer.from('{"schemaVersion":2,"x":"\xff\xfe"}', 'latin1')],
  ])('with %s come as they are', async (_what, text) => {
    await using scripted = await startScriptedUpstream((_request, response) => {
      response.setHeader('content-type', ociManifest).end(text);
    });
    await using cache = await startTestCache({ upstreams: [scripted.url] });
    const answer = await read(cache, 'team/app/manifests/latest');
    expect([answer.status, answer.body.equals(Buffer.from(text))]).toEqual([200, true]);
    const again = await read(cache, 'team/app/manifests/latest');
    expect([again.body.equals(answer.body), again.headers['x-ashlar-cache']]).toEqual([
      true,
      'hit',
    ]);
  });
});
