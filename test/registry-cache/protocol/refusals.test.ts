import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rawTalk } from '../../mirror/support/raw-talk.ts';
import {
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../../mirror/support/scripted-upstream.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { ociManifest } from '../../support/oci-registry/media-types.ts';
import { startTestCache, type TestCache } from '../support/test-cache.ts';
import { cacheAddress, errorCode, ways } from './support/cache-address.ts';
import { manifestText } from './support/manifest-text.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const opened = new AsyncDisposableStack();
let upstream: ScriptedUpstream;
let cache: TestCache;

beforeAll(async () => {
  upstream = opened.use(
    await startScriptedUpstream((request, response) => {
      const isManifest = request.url === '/v2/team/app/manifests/latest';
      if (isManifest) response.setHeader('content-type', ociManifest).end(manifestText([]));
      else response.writeHead(404).end();
    }),
  );
  cache = opened.use(await startTestCache({ upstreams: [upstream.url] }));
  await serves();
});
afterAll(() => opened.disposeAsync());

const serves = async (): Promise<void> => {
  expect((await ask(`${cache.url}/v2/team/app/manifests/latest`)).status).toBe(200);
};

/** Nothing of it may reach upstream. */
const expectRefused = async (
  target: string,
  { status, code, method = 'GET' }: { status: number; code: string; method?: string },
): Promise<void> => {
  const before = upstream.seen.length;
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: a', 'Connection: close', '', ''];
  const text = await rawTalk(cache, Buffer.from(lines.join('\r\n'), 'utf8'));
  const [head = '', body = ''] = text.split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(head).toMatch(/content-type: application\/json/i);
  expect(body === '' ? method : JSON.parse(body)).toEqual(
    method === 'HEAD' ? 'HEAD' : { errors: [expect.objectContaining({ code })] },
  );
  expect(upstream.seen.length).toBe(before);
  await serves();
};

describe('what is asked for wrongly', () => {
  const long = 'a/'.repeat(127);
  it.each([
    ['/v2/Team/app/manifests/latest', 400, 'NAME_INVALID'],
    ['/v2/team//app/manifests/latest', 400, 'NAME_INVALID'],
    ['/v2/team/app//manifests/latest', 400, 'NAME_INVALID'],
    ['/v2//manifests/latest', 400, 'NAME_INVALID'],
    ['/v2/manifests/latest', 400, 'NAME_INVALID'],
    ['/v2/team/../app/manifests/latest', 400, 'NAME_INVALID'],
    ['/v2/team/%2e%2e/app/manifests/latest', 400, 'NAME_INVALID'],
    ['/v2/team%2fapp/manifests/latest', 400, 'NAME_INVALID'],
    ['/v2/team%2f..%2f..%2fapp/manifests/latest', 400, 'NAME_INVALID'],
    ['/v2/team%00/app/manifests/latest', 400, 'NAME_INVALID'],
    ['/v2/team%0d%0aX:%20y/app/manifests/latest', 400, 'NAME_INVALID'],
    ['/v2/-team/app/manifests/latest', 400, 'NAME_INVALID'],
    ['/v2/team.../app/manifests/latest', 400, 'NAME_INVALID'],
    ['/v2/team/%c3%a4/manifests/latest', 400, 'NAME_INVALID'],
    ['/v2/%zz/app/manifests/latest', 400, 'NAME_INVALID'],
    [`/v2/${long}bc/manifests/latest`, 400, 'NAME_INVALID'],
    [`/v2/${'a/'.repeat(2_500)}b/manifests/latest`, 404, 'UNSUPPORTED'],
    ['/v2/team/app/manifests/', 400, 'MANIFEST_INVALID'],
    ['/v2/team/app/manifests/.latest', 400, 'MANIFEST_INVALID'],
    ['/v2/team/app/manifests/-latest', 400, 'MANIFEST_INVALID'],
    ['/v2/team/app/manifests/la%20test', 400, 'MANIFEST_INVALID'],
    ['/v2/team/app/manifests/..%2f..%2f..%2fgrants', 400, 'MANIFEST_INVALID'],
    ['/v2/team/app/manifests/%252e%252e', 400, 'MANIFEST_INVALID'],
    ['/v2/team/app/manifests/a%00', 400, 'MANIFEST_INVALID'],
    [`/v2/team/app/manifests/${'a'.repeat(129)}`, 400, 'MANIFEST_INVALID'],
    ['/v2/team/app/manifests/sha256:', 400, 'DIGEST_INVALID'],
    [`/v2/team/app/manifests/${digest}0`, 400, 'DIGEST_INVALID'],
    [`/v2/team/app/manifests/${digest.toUpperCase()}`, 400, 'DIGEST_INVALID'],
    [`/v2/team/app/manifests/sha256:${'A'.repeat(64)}`, 400, 'DIGEST_INVALID'],
    [`/v2/team/app/manifests/latest@${digest}`, 400, 'DIGEST_INVALID'],
    [`/v2/team/app/blobs/sha512:${'a'.repeat(64)}`, 400, 'DIGEST_INVALID'],
    [`/v2/team/app/blobs/md5:${'a'.repeat(32)}`, 400, 'DIGEST_INVALID'],
    ['/v2/team/app/blobs/sha256:..%2f..%2f..%2fetc%2fpasswd', 400, 'DIGEST_INVALID'],
    ['/v2/team/app/blobs/latest', 400, 'DIGEST_INVALID'],
    ['/v2/team/app/blobs/', 400, 'DIGEST_INVALID'],
    ['/v2/team/app/referrers/latest', 400, 'DIGEST_INVALID'],
    [`/v2/team/app/referrers/${digest}?artifactType=nonsense`, 400, 'UNSUPPORTED'],
    [`/v2/team/app/referrers/${digest}?artifactType=a/b&artifactType=c/d`, 400, 'UNSUPPORTED'],
    ['/v2/team/app/tags/list?n=-1', 400, 'PAGINATION_NUMBER_INVALID'],
    ['/v2/team/app/tags/list?n=1.5', 400, 'PAGINATION_NUMBER_INVALID'],
    ['/v2/team/app/tags/list?n=all', 400, 'PAGINATION_NUMBER_INVALID'],
    ['/v2/team/app/tags/list?n=', 400, 'PAGINATION_NUMBER_INVALID'],
    ['/v2/team/app/tags/list?n=1&n=2', 400, 'PAGINATION_NUMBER_INVALID'],
    ['/v2/team/app/tags/list?last=../x', 400, 'PAGINATION_NUMBER_INVALID'],
    [`/v2/team/app/tags/list?last=${'a'.repeat(5_000)}`, 400, 'UNSUPPORTED'],
    ['/v2/team/app/manifests/latest?ns=evil.example', 404, 'NAME_UNKNOWN'],
    ['/v2/team/app/manifests/latest?ns=127.0.0.1:22', 404, 'NAME_UNKNOWN'],
    ['/v2/evil.example/app/manifests/latest', 404, 'NAME_UNKNOWN'],
    ['/v2/team/app/manifests/latest?ns=', 400, 'NAME_INVALID'],
    ['/v2/team/app/manifests/latest?ns=http://evil.example/', 400, 'NAME_INVALID'],
    ['/v2/team/app/manifests/latest?ns=registry.test&ns=x', 400, 'NAME_INVALID'],
    ['/v2/_catalog', 404, 'UNSUPPORTED'],
    ['/v2/team/app', 404, 'UNSUPPORTED'],
    ['/v2/team/app/tags', 404, 'UNSUPPORTED'],
    ['/v1/_ping', 404, 'UNSUPPORTED'],
    ['/../../etc/passwd', 404, 'UNSUPPORTED'],
    ['/', 404, 'UNSUPPORTED'],
  ])('%s', async (target, status, code) => {
    await expectRefused(target, { status, code });
    await expectRefused(target, { status, code, method: 'HEAD' });
  });
});

describe('what would change something', () => {
  const writes = [
    ['POST', 'blobs/uploads/'],
    ['POST', 'blobs/uploads'],
    ['POST', `blobs/uploads/?digest=${digest}`],
    ['POST', `blobs/uploads/?mount=${digest}&from=team/other`],
    ['GET', 'blobs/uploads/'],
    ['GET', 'blobs/uploads/0c5a5f0c-51a5-4bd4-8fc0-6b2d1f5c1f67'],
    ['PATCH', 'blobs/uploads/0c5a5f0c-51a5-4bd4-8fc0-6b2d1f5c1f67'],
    ['PUT', `blobs/uploads/0c5a5f0c-51a5-4bd4-8fc0-6b2d1f5c1f67?digest=${digest}`],
    ['DELETE', 'blobs/uploads/0c5a5f0c-51a5-4bd4-8fc0-6b2d1f5c1f67'],
    ['PUT', 'manifests/latest'],
    ['PUT', `manifests/${digest}`],
    ['POST', 'manifests/latest'],
    ['PATCH', 'manifests/latest'],
    ['DELETE', 'manifests/latest'],
    ['DELETE', `manifests/${digest}`],
    ['DELETE', `blobs/${digest}`],
    ['PUT', `blobs/${digest}`],
    ['DELETE', 'tags/latest'],
    ['PUT', 'tags/list'],
    ['POST', `referrers/${digest}`],
    ['PUT', 'manifests/..%2f..%2fx'],
  ] as const;

  it.each(writes)('is refused: %s %s', async (method, path) => {
    for (const way of ways) {
      const before = upstream.seen.length;
      const hasBody = method.startsWith('P');
      const body = hasBody ? { body: Buffer.alloc(100_000, 'push') } : {};
      const answer = await ask(cacheAddress(cache, `team/app/${path}`, way), { method, ...body });
      expect([way, answer.status, errorCode(answer)]).toEqual([way, 405, 'UNSUPPORTED']);
      expect(answer.headers['allow']).toBe('GET, HEAD');
      expect(upstream.seen.length).toBe(before);
    }
    await serves();
  });

  it.each(['OPTIONS', 'TRACE', 'PROPFIND'])('%s is refused too', async (method) => {
    const target = '/v2/team/app/manifests/latest';
    await expectRefused(target, { status: 405, code: 'UNSUPPORTED', method });
  });

  it('with a large body, too: the connection goes on', async () => {
    const bytes = 5_000_000;
    const put = `PUT /v2/team/app/manifests/x HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n`;
    const get = 'GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    const text = Buffer.concat([Buffer.from(put), Buffer.alloc(bytes, 'x'), Buffer.from(get)]);
    const answer = await rawTalk(cache, text);
    expect(answer.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 405', 'HTTP/1.1 200']);
    await serves();
  });

  it('whatever registry it names', async () => {
    const answer = await ask(`${cache.url}/v2/a/b/manifests/1?ns=evil.example`, { method: 'PUT' });
    expect([answer.status, errorCode(answer)]).toEqual([405, 'UNSUPPORTED']);
  });
});
