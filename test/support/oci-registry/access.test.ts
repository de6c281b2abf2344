import { describe, expect, it } from 'vitest';
import { ask, type Asked } from '../npm-registry/ask.ts';
import { startRecordedOciRegistry } from './recorded-oci-registry.ts';
import { ociPull } from './pull/oci-pull.ts';

const contents = ['library/app', 'acme/secret'].map((repository) => ({
  repository,
  images: [{ layers: 2, layerBytes: 5_000 }],
}));
const users = { anna: { password: 'pass:word', repositories: ['acme/*'] } };
const permissions = { users, anonymous: ['library/*'] };
const asAnna = { credential: { username: 'anna', password: 'pass:word' } };
const basicAnna = `Basic ${Buffer.from('anna:pass:word').toString('base64')}`;
const app = { name: 'library/app', reference: 'latest' };
const secret = { name: 'acme/secret', reference: 'latest' };

describe('who may pull from a recorded registry', () => {
  it('challenges, and gives tokens for what one may pull', async () => {
    await using registry = await startRecordedOciRegistry({
      contents,
      auth: { scheme: 'bearer', ...permissions },
      tokenService: {},
    });
    const refused = await ask(`${registry.url}v2/library/app/manifests/latest`);
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([
      401,
      `Bearer realm="${registry.tokenUrl}",service="registry.test",scope="repository:library/app:pull"`,
    ]);
    expect(registry.tokenUrl).toMatch(/^http:\/\/127\.0\.0\.3:\d+\/token$/);
    expect(await ociPull(registry.url, app)).toMatchObject({
      ok: true,
      statuses: { 'HEAD manifest 401': 1, 'GET token 200': 1, 'GET blob 200': 3 },
    });
    const stranger = await ociPull(registry.url, secret);
    expect([stranger.ok, stranger.statuses['HEAD manifest 401']]).toEqual([false, 2]);
    const wrong = { username: 'anna', password: 'guess' };
    const guess = await ociPull(registry.url, { ...secret, credential: wrong });
    expect(guess.failures[0]).toContain('token: status 401');
    expect((await ociPull(registry.url, { ...secret, ...asAnna })).ok).toBe(true);
    const { tokensIssued, requests, credentials } = await registry.counts();
    expect([tokensIssued, requests['GET token']]).toEqual([3, 4]);
    expect(credentials.token).toContain(basicAnna);
    expect(credentials.registry.every((value) => value.startsWith('Bearer '))).toBe(true);
  });

  it('takes back credentials and tokens while it runs', async () => {
    const auth = { scheme: 'bearer', ...permissions, denial: 403 } as const;
    await using registry = await startRecordedOciRegistry({ contents, auth });
    const url = `${registry.url}v2/acme/secret/manifests/latest`;
    const tokenFor = async (scope: string): Promise<Record<string, unknown>> => {
      const asked: Asked = { headers: { authorization: basicAnna } };
      const answer = await ask(`${registry.tokenUrl}?scope=${scope}`, asked);
      return JSON.parse(answer.body.toString()) as Record<string, unknown>;
    };
    const status = async (token: unknown): Promise<number> =>
      (await ask(url, { headers: { authorization: `Bearer ${String(token)}` } })).status;
    const { token, expires_in: lifetimeSec } = await tokenFor('repository:acme/secret:pull');
    expect([await status(token), lifetimeSec]).toEqual([200, 300]);
    expect(await status((await tokenFor('repository:library/app:pull'))['token'])).toBe(403);
    await registry.change({ auth: { ...auth, users: {} } });
    expect(await status(token)).toBe(200);
    await registry.revokeTokens('anna');
    expect(await status(token)).toBe(401);
    expect((await ociPull(registry.url, { ...secret, ...asAnna })).ok).toBe(false);
  });

  it('lets tokens end, and may name a realm elsewhere and leave out how long they last', async () => {
    const auth = { scheme: 'bearer', lifetimeSec: 0, expiry: 'left-out' } as const;
    await using registry = await startRecordedOciRegistry({
      contents,
      auth: { ...auth, field: 'access_token', realm: 'http://127.0.0.9:9/token' },
    });
    const url = `${registry.url}v2/library/app/manifests/latest`;
    expect((await ask(url)).headers['www-authenticate']).toContain('127.0.0.9:9/token');
    const answer = await ask(`${registry.tokenUrl}?scope=repository:library/app:pull`);
    const given = JSON.parse(answer.body.toString()) as Record<string, string>;
    expect(Object.keys(given)).toEqual(['access_token']);
    const ended = { headers: { authorization: `Bearer ${given['access_token']}` } };
    const refused = await ask(url, ended);
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([
      401,
      expect.stringContaining('error="invalid_token"'),
    ]);
  });

  it('knows Basic as well', async () => {
    const auth = { scheme: 'basic', ...permissions } as const;
    await using registry = await startRecordedOciRegistry({ contents, auth });
    expect((await ociPull(registry.url, app)).ok).toBe(true);
    expect((await ociPull(registry.url, secret)).ok).toBe(false);
    expect((await ociPull(registry.url, { ...secret, ...asAnna })).ok).toBe(true);
  });
});

describe('a CDN of a recorded registry', () => {
  it('takes redirected blobs, without the proof that is for the registry', async () => {
    const auth = { scheme: 'bearer' } as const;
    await using registry = await startRecordedOciRegistry({ contents, auth, cdn: { uses: 1 } });
    const pulled = await ociPull(registry.url, app);
    expect(pulled).toMatchObject({
      ok: true,
      statuses: { 'GET blob 307': 3, 'GET blob 200': 3 },
    });
    const { requests, credentials } = await registry.counts();
    expect([requests['GET cdn'], credentials.cdn]).toEqual([3, []]);
    const [blob] = (await registry.facts('library/app', 'latest')).blobs;
    await registry.change({ auth: { scheme: 'none' } });
    const moved = await ask(`${registry.url}v2/library/app/blobs/${blob?.digest}`);
    const location = String(moved.headers.location);
    expect(location.startsWith(`${registry.cdnUrl}blobs/library/app/${blob?.digest}?`)).toBe(true);
    const leaking = await ask(location, { headers: { authorization: 'Bearer x' } });
    expect(leaking.status).toBe(400);
    const part = await ask(location, { headers: { range: 'bytes=10-' } });
    expect([part.status, part.body.length]).toEqual([206, (blob?.size ?? 0) - 10]);
    expect((await ask(location)).status).toBe(403);
    expect((await ask(location.replace(/signature=.*/, 'signature=1'))).status).toBe(403);
  });

  it('lets signed URLs end, and may have a name', async () => {
    const cdn = { lifetimeSec: 0, name: 'localhost', host: '127.0.0.1', status: 302 };
    await using registry = await startRecordedOciRegistry({ contents, cdn });
    const [blob] = (await registry.facts('library/app', 'latest')).blobs;
    const moved = await ask(`${registry.url}v2/library/app/blobs/${blob?.digest}`);
    expect([moved.status, moved.headers.location]).toEqual([
      302,
      expect.stringMatching(/^http:\/\/localhost:\d+\/blobs\//),
    ]);
    const ended = await ask(String(moved.headers.location));
    expect([ended.status, ended.body.toString()]).toEqual([
      403,
      expect.stringContaining('Expired'),
    ]);
  });
});

describe('the rate limit of a recorded registry', () => {
  it('counts manifests down, not their heads, and is over at none', async () => {
    const rateLimit = { limit: 100, remaining: 2, retryAfterSec: 7 };
    await using registry = await startRecordedOciRegistry({ contents, rateLimit });
    const url = `${registry.url}v2/library/app/manifests/latest`;
    const seen: unknown[] = [];
    for (const method of ['HEAD', 'GET', 'GET', 'HEAD', 'GET']) {
      const { status, headers } = await ask(url, { method });
      seen.push([status, headers['ratelimit-remaining']]);
      expect(headers['docker-ratelimit-source']).toBe('127.0.0.1');
    }
    const left = (count: number): string => `${count};w=21600`;
    expect(seen).toEqual([
      [200, left(2)],
      [200, left(1)],
      [200, left(0)],
      [200, left(0)],
      [429, left(0)],
    ]);
    expect((await ask(url)).headers['retry-after']).toBe('7');
    await registry.change({ rateLimit: null });
    expect((await ask(url)).headers['ratelimit-limit']).toBe(undefined);
  });
});
