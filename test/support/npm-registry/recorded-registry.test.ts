import { createPublicKey, verify } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from './ask.ts';
import type { PackageDescription } from './made-package.ts';
import { abbreviatedType, type Packument } from './packument.ts';
import { openSet, whyNoSet } from './record-set.ts';
import { integrityOf, type OpenRecording } from './recording.ts';
import { type RecordedRegistry, startRecordedRegistry } from './recorded-registry.ts';
import type { PublicKey } from './signing-key.ts';

const reason = await whyNoSet('small');

const secret: PackageDescription = {
  name: '@acme/secret',
  versions: { '1.0.0': { files: { 'index.js': 'module.exports = 1;\n' } } },
  readers: ['token-a'],
};

describe.skipIf(reason !== null)(
  `a recorded registry${reason === null ? '' : ` (${reason})`}`,
  () => {
    let recording: OpenRecording;
    let registry: RecordedRegistry;
    beforeAll(async () => {
      recording = await openSet('small');
      registry = await startRecordedRegistry({
        set: 'small',
        publicHost: 'registry.npm.test',
        packages: [secret],
        users: { 'token-a': 'anna' },
        advisories: { ms: [{ id: 1, title: 'slow', severity: 'low', vulnerable_versions: '<3' }] },
      });
    });
    afterAll(() => registry?.[Symbol.asyncDispose]());

    const get = (path: string, headers: Record<string, string> = {}) =>
      ask(`${registry.url}${path}`, { headers });
    const packument = async (path: string, accept = '*/*') => {
      const answer = await get(path, { accept });
      return JSON.parse(answer.body.toString()) as Packument;
    };

    it('gives both forms of a packument, each with validators of its own', async () => {
      const full = await get('ms');
      const short = await get('ms', { accept: `${abbreviatedType}; q=1.0, */*` });
      expect([full.headers['content-type'], short.headers['content-type']]).toEqual([
        'application/json',
        abbreviatedType,
      ]);
      expect(full.headers.etag).not.toBe(short.headers.etag);
      expect(full.headers.vary).toBe('accept-encoding, accept');
      const documents = [full, short].map(({ body }) => JSON.parse(body.toString()) as Packument);
      expect(documents.map(({ time }) => time !== undefined)).toEqual([true, false]);
      expect(Object.keys(documents[0]?.versions ?? {})).toEqual(
        Object.keys(documents[1]?.versions ?? {}),
      );
      expect(documents[1]?.versions['2.1.3']?.dist).toEqual(documents[0]?.versions['2.1.3']?.dist);
    });

    it('compresses packuments for those who take gzip, and answers 304 to those who have them', async () => {
      const plain = await get('chalk');
      const zipped = await get('chalk', { 'accept-encoding': 'gzip, br' });
      expect(zipped.headers['content-encoding']).toBe('gzip');
      expect(gunzipSync(zipped.body).equals(plain.body)).toBe(true);
      const again = await get('chalk', { 'if-none-match': zipped.headers.etag ?? '' });
      expect([again.status, again.body.length, again.headers.etag]).toEqual([
        304,
        0,
        zipped.headers.etag,
      ]);
      expect((await get('chalk', { 'if-none-match': '"other"' })).status).toBe(200);
    });

    it('names the public host in tarball URLs, or its own address when it stands alone', async () => {
      const { versions } = await packument('@nodelib%2Ffs.stat');
      const tarball = '@nodelib/fs.stat/-/fs.stat-2.0.5.tgz';
      expect(versions['2.0.5']?.dist.tarball).toBe(`https://registry.npm.test/${tarball}`);
      await using alone = await startRecordedRegistry({ set: 'small', tarballUrls: 'own' });
      const answer = await ask(`${alone.url}@nodelib/fs.stat`);
      expect(answer.body.toString()).toContain(`"tarball":"${alone.url}${tarball}"`);
    });

    it('gives tarballs as recorded, whichever way the path is written', async () => {
      const found = recording.tarballs.find(({ name }) => name === '@nodelib/fs.stat');
      for (const scope of ['@nodelib/fs.stat', '@nodelib%2ffs.stat', '%40nodelib%2Ffs.stat']) {
        const answer = await get(`${scope}/-/fs.stat-2.0.5.tgz`);
        expect([scope, answer.status, integrityOf(answer.body)]).toEqual([
          scope,
          200,
          found?.integrity,
        ]);
      }
      const head = await ask(`${registry.url}JSONStream/-/JSONStream-1.3.5.tgz`, {
        method: 'HEAD',
      });
      expect([head.status, head.body.length]).toEqual([200, 0]);
      expect(Number(head.headers['content-length'])).toBeGreaterThan(1000);
    });

    it('gives parts of tarballs while they are what the client thinks', async () => {
      const path = 'ms/-/ms-2.0.0.tgz';
      const whole = await get(path);
      const size = whole.body.length;
      const part = await get(path, {
        range: 'bytes=100-199',
        'if-range': whole.headers.etag ?? '',
      });
      expect([part.status, part.headers['content-range']]).toEqual([206, `bytes 100-199/${size}`]);
      expect(part.body.equals(whole.body.subarray(100, 200))).toBe(true);
      const last = await get(path, { range: 'bytes=-10' });
      expect(last.body.equals(whole.body.subarray(-10))).toBe(true);
      expect((await get(path, { range: `bytes=${size}-` })).status).toBe(416);
      const changed = await get(path, { range: 'bytes=100-', 'if-range': '"other"' });
      expect([changed.status, changed.body.length]).toEqual([200, size]);
    });

    it('signs versions with a key that it lists, but for a package that has only a shasum', async () => {
      const keys = JSON.parse((await get('-/npm/v1/keys')).body.toString()) as {
        keys: PublicKey[];
      };
      const { dist } = (await packument('debug')).versions['4.3.4'] ?? {};
      const [signature] = dist?.signatures ?? [];
      const key = keys.keys.find(({ keyid }) => keyid === signature?.keyid);
      const publicKey = createPublicKey({
        key: Buffer.from(key?.key ?? '', 'base64'),
        format: 'der',
        type: 'spki',
      });
      const message = Buffer.from(`debug@4.3.4:${dist?.integrity}`);
      const bytes = Buffer.from(signature?.sig ?? '', 'base64');
      expect(verify('sha256', message, publicKey, bytes)).toBe(true);
      const old = (await packument('wordwrap', abbreviatedType)).versions['0.0.3']?.dist;
      expect([old?.integrity, old?.shasum?.length]).toEqual([undefined, 40]);
    });

    it('answers what else clients ask', async () => {
      const json = async (path: string, headers = {}) => {
        const { status, body } = await get(path, headers);
        return [status, JSON.parse(body.toString())] as const;
      };
      expect(await json('-/ping')).toEqual([200, {}]);
      expect((await json('-/whoami'))[0]).toBe(401);
      const asAnna = { authorization: 'Bearer token-a' };
      expect(await json('-/whoami', asAnna)).toEqual([200, { username: 'anna' }]);
      expect((await json('-/package/ms/dist-tags'))[1]).toHaveProperty('latest');
      expect((await json('ms/2.0.0'))[1]).toMatchObject({ name: 'ms', version: '2.0.0' });
      expect((await json('-/v1/search?text=nodelib'))[1]).toMatchObject({ total: 2 });
      for (const missing of [
        'no-such',
        'ms/9.9.9',
        'ms/-/ms-9.9.9.tgz',
        '-/npm/v1/attestations/ms@2.0.0',
      ]) {
        expect([missing, (await json(missing))[0]]).toEqual([missing, 404]);
      }
      const audit = (path: string) =>
        ask(`${registry.url}-/npm/v1/security/${path}`, {
          method: 'POST',
          headers: { 'content-encoding': 'gzip' },
          body: gzipSync('{"ms":["2.0.0"]}'),
        });
      expect((await audit('audits/quick')).status).toBe(410);
      expect((await audit('advisories/bulk')).body.toString()).toContain('"slow"');
    });

    it('shows private packages to their readers alone', async () => {
      for (const path of [
        '@acme%2fsecret',
        '@acme/secret/-/secret-1.0.0.tgz',
        '@acme/secret/1.0.0',
      ]) {
        expect([path, (await get(path)).status]).toEqual([path, 404]);
        expect((await get(path, { authorization: 'Bearer token-b' })).status).toBe(404);
        expect((await get(path, { authorization: 'Bearer token-a' })).status).toBe(200);
      }
      await using strict = await startRecordedRegistry({ packages: [secret], refusal: 401 });
      expect((await ask(`${strict.url}@acme/secret`)).status).toBe(401);
    });

    it('counts requests by resource, bytes and connections', async () => {
      await registry.resetCounts();
      const { body } = await get('once/-/once-1.4.0.tgz');
      await get('@nodelib%2ffs.stat/-/fs.stat-2.0.5.tgz', { 'if-none-match': '*' });
      await get('once', { accept: abbreviatedType, 'if-none-match': '*' });
      const counts = await registry.counts();
      expect(counts.requests).toEqual({
        'GET /once/-/once-1.4.0.tgz': 1,
        'GET /@nodelib/fs.stat/-/fs.stat-2.0.5.tgz': 1,
        'GET /once (abbreviated)': 1,
      });
      expect([counts.totalRequests, counts.bodyBytes]).toEqual([3, body.length]);
      expect(counts.connections.all).toBe(3);
    });

    it('takes a new state of a package, and forgets one', async () => {
      const widget = (...versions: string[]): PackageDescription => ({
        name: 'widget',
        versions: Object.fromEntries(versions.map((version) => [version, {}])),
      });
      await registry.put(widget('1.0.0'));
      const before = await get('widget');
      await registry.put(widget('1.0.0', '1.1.0'));
      const after = await get('widget', { 'if-none-match': before.headers.etag ?? '' });
      expect(after.status).toBe(200);
      expect((await packument('widget'))['dist-tags']).toEqual({ latest: '1.1.0' });
      await registry.remove('widget');
      expect((await get('widget')).status).toBe(404);
    });
  },
);
