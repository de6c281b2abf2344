import { expect, it } from 'vitest';
import type { HostClaims } from '../../../src/network.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { startRecordedRegistry } from '../../support/npm-registry/recorded-registry.ts';
import { registryHost, startBoth, startTestMirror } from '../support/test-mirror.ts';

const packages = [{ name: 'one', versions: { '1.0.0': {} } }];

it('what is found in memory was used too', async () => {
  const used: string[] = [];
  const usage = {
    used: (key: string) => void used.push(key),
    dropped: () => {},
    free: async () => {},
    put: (_entry: unknown, write: () => Promise<'created' | 'exists'>) => write(),
  };
  await using both = await startBoth({ packages }, { core: { usage } });
  const url = `${both.mirror.url}/one`;
  await ask(url);
  used.length = 0;
  expect((await ask(url)).headers['x-ashlar-cache']).toBe('hit');
  expect(used).toContain('records/npm/one/full.json');
});

it('what another process stored after the first look is not fetched again', async () => {
  await using registry = await startRecordedRegistry({ packages, publicHost: registryHost });
  await using other = await startTestMirror({ upstreams: [registry.url] });
  // In the moment between the look into the cache and the claim.
  const claims: HostClaims = {
    async claim(key) {
      await ask(`${other.url}${key.includes('/documents/') ? '/one/1.0.0' : '/one'}`);
      return { kind: 'mine', release: async () => {} };
    },
    [Symbol.asyncDispose]: async () => {},
  };
  await using mirror = await startTestMirror({
    upstreams: [registry.url],
    home: other.home,
    core: { claims },
  });
  for (const path of ['/one', '/one/1.0.0']) {
    const answer = await ask(mirror.url + path);
    expect(answer).toMatchObject({ status: 200, headers: { 'x-ashlar-cache': 'coalesced' } });
  }
  expect((await registry.counts()).requests).toMatchObject({ 'GET /one': 1, 'GET /one/1.0.0': 1 });
});
