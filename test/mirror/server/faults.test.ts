import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ask, type WireAnswer } from '../../support/npm-registry/ask.ts';
import type { Fault } from '../../support/npm-registry/fault.ts';
import { abbreviatedType } from '../../support/npm-registry/packument.ts';
import { startRecordedRegistry } from '../../support/npm-registry/recorded-registry.ts';
import { registryHost, startBoth, startTestMirror } from '../support/test-mirror.ts';

const packages = [{ name: 'one', versions: { '1.0.0': { paddingBytes: 300_000 }, '1.1.0': {} } }];
const quick = {
  core: {
    timeouts: { headersMs: 400, bodyIdleMs: 400 },
    retry: { attempts: 3, baseDelayMs: 1, maxDelayMs: 2 },
  },
};

const faults: readonly Fault[] = [
  { name: 'status', status: 429, retryAfterSec: 0 },
  { name: 'status', status: 503 },
  { name: 'status', status: 500 },
  { name: 'reset' },
  { name: 'reset-in-body' },
  { name: 'stall-in-body' },
  { name: 'truncated' },
  { name: 'short' },
  { name: 'corrupt' },
  { name: 'wrong-body' },
  { name: 'html' },
  { name: 'broken-gzip' },
  // The client of the mirror counts in whole seconds.
  { name: 'slow-headers', delayMs: 3_000 },
];
/** What goes on, if slowly, is not given up before the client would. */
const patient = {
  core: { ...quick.core, retry: { ...quick.core.retry, attempts: 40 } },
  serve: { limits: { answerMs: 1_500 } },
};
const resources = [
  ['full packument', '/one', 'application/json'],
  ['abbreviated packument', '/one', abbreviatedType],
  ['tarball', '/one/-/one-1.0.0.tgz', '*/*'],
] as const;

describe.concurrent.each(resources)('a %s', (_what, path, accept) => {
  const headers = { accept, 'accept-encoding': 'gzip', host: registryHost };

  it.each(faults)(
    'that upstream spoils once is right all the same: $name $status',
    async (fault) => {
      await using both = await startBoth({ packages, faults: [{ fault, attempts: [1] }] }, quick);
      const got = await ask(both.mirror.url + path, { headers });
      expect(got).toMatchObject({ status: 200, end: 'whole' });
      expect(plain(got).equals(await wanted(path, accept))).toBe(true);
      expect((await both.registry.counts()).faults).not.toEqual({});
      await both.mirror.core.tarballs.settled();
      const again = await ask(both.mirror.url + path, { headers });
      expect(again.headers['x-ashlar-cache']).toBe('hit');
      expect(again.body.equals(got.body)).toBe(true);
    },
  );

  it.each(faults)(
    'that upstream always spoils is an honest error: $name $status',
    async (fault) => {
      const options = fault.name === 'stall-in-body' ? patient : quick;
      await using both = await startBoth({ packages, faults: [{ fault }] }, options);
      const { registry, mirror } = both;
      const got = await ask(mirror.url + path, { headers, idleMs: 10_000 });
      expect(got).toMatchObject({ end: 'whole' });
      expect([502, 503]).toContain(got.status);
      const said = JSON.parse(got.body.toString()) as { error: string; class: string };
      expect(said.class).toBe('upstream');
      expect(said.error).not.toBe('');
      await registry.setFaults([]);
      // What is still being tried may fail once more for who joins it.
      const first = await ask(mirror.url + path, { headers });
      const mended = first.status === 200 ? first : await ask(mirror.url + path, { headers });
      expect(mended.status).toBe(200);
      expect(plain(mended).equals(await wanted(path, accept))).toBe(true);
    },
  );
});

it('waits for as long as Retry-After says', async () => {
  const fault = { name: 'status', status: 429, retryAfterSec: 1 } as const;
  await using both = await startBoth({ packages, faults: [{ fault, attempts: [1] }] });
  const beganMs = performance.now();
  expect((await ask(`${both.mirror.url}/one/-/one-1.0.0.tgz`)).status).toBe(200);
  expect(performance.now() - beganMs).toBeGreaterThan(990);
});

it('a tarball that breaks off is gone on with where it broke off', async () => {
  const large = [{ name: 'large', versions: { '1.0.0': { paddingBytes: 2_000_000 } } }];
  const fault = { name: 'truncated' } as const;
  const faulty = { packages: large, faults: [{ fault, attempts: [1] }] };
  await using both = await startBoth(faulty, quick);
  expect((await ask(`${both.mirror.url}/large/-/large-1.0.0.tgz`)).status).toBe(200);
  const { bodyBytes } = await both.registry.counts();
  expect(bodyBytes).toBeLessThan(2_200_000);
});

it('upstreams are asked in their order, the next when one fails', async () => {
  await using both = await startBoth({ packages });
  await using second = await startRecordedRegistry({ packages, publicHost: registryHost });
  const { registry } = both;
  await using mirror = await startTestMirror({ upstreams: [registry.url, second.url] });
  expect((await ask(`${mirror.url}/one`)).status).toBe(200);
  expect((await second.counts()).totalRequests).toBe(0);
  await registry.outage('refuse');
  const tarball = await ask(`${mirror.url}/one/-/one-1.0.0.tgz`);
  expect(tarball.status).toBe(200);
  expect((await second.counts()).requests['GET /one/-/one-1.0.0.tgz']).toBe(1);
});

function plain({ headers, body }: WireAnswer): Buffer {
  return headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
}

/** What a registry without faults and mirror gives, with https for its public address as transparent clients have it. */
async function wanted(path: string, accept: string): Promise<Buffer> {
  await using registry = await startRecordedRegistry({ packages, publicHost: registryHost });
  const { body } = await ask(new URL(path, registry.url).href, { headers: { accept } });
  // The test's clients come without TLS.
  return path.endsWith('.tgz')
    ? body
    : Buffer.from(body.toString().replaceAll(`https://${registryHost}`, `http://${registryHost}`));
}
