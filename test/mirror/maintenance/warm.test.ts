import { expect, it } from 'vitest';
import { AshlarError } from '../../../src/errors/ashlar-error.ts';
import { createMemoryObjectStore } from '../../../src/store/memory-object-store.ts';
import { type NeededPackage, warmPackages } from '../../../mirror/index.ts';
import { hookStore } from '../../support/hooked-store.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { abbreviatedType } from '../../support/npm-registry/packument.ts';
import { registryHost, startBoth } from '../support/test-mirror.ts';

const secret = Buffer.alloc(32, 7);
const token = 'npm_token';
const packages = [
  { name: 'one', versions: { '1.0.0': { paddingBytes: 5_000 } } },
  { name: '@own/two', versions: { '1.0.0': {} }, readers: [token] },
];
const options = {
  signal: new AbortController().signal,
  onProgress: () => {},
  npmSettings: () => undefined,
  secret,
};

function needed(name: string, url: string | null = null): NeededPackage {
  return { name, version: '1.0.0', url, integrity: null, line: 1, source: 'registry' };
}

it('fetches packuments as well, so that an install that asks for them needs no upstream', async () => {
  await using both = await startBoth({ packages });
  const { registry, mirror } = both;
  const first = await warmPackages(mirror.core, [needed('one')], options);
  expect(first).toMatchObject({ fetched: 1, kept: 0, failures: [] });
  // A tarball that is kept does not mean that its packument is.
  for await (const { key } of mirror.core.cache.objects.list('bodies/'))
    await mirror.core.cache.objects.delete(key);
  await using other = await startBoth({ packages }, { home: mirror.home });
  const again = await warmPackages(other.mirror.core, [needed('one')], options);
  expect(again).toMatchObject({ fetched: 0, kept: 1, failures: [] });
  await registry.outage('refuse');
  await other.registry.outage('refuse');
  const headers = { accept: abbreviatedType };
  expect((await ask(`${other.mirror.url}/one`, { headers })).status).toBe(200);
  expect((await ask(`${other.mirror.url}/one/-/one-1.0.0.tgz`)).status).toBe(200);
});

it('tells what was fetched and could not be kept', async () => {
  const objects = hookStore(createMemoryObjectStore(), {
    before(call, key) {
      if (call.startsWith('put') && key.startsWith('blobs/'))
        throw new AshlarError('store_full', 'the store has no room');
    },
  });
  await using both = await startBoth({ packages }, { core: { objects } });
  const summary = await warmPackages(both.mirror.core, [needed('one')], options);
  expect(summary).toMatchObject({ fetched: 0, kept: 0, bytes: 0 });
  expect(summary.failures).toMatchObject([{ subject: 'one@1.0.0' }]);
  expect(summary.failures[0]?.problem).toMatch(/^was fetched, but cannot be kept: /);
});

it('fetches what may not be read by anybody with npm’s own credential, for whom comes with it alone', async () => {
  await using both = await startBoth({ packages });
  const { registry, mirror } = both;
  const path = '/@own/two/-/two-1.0.0.tgz';
  const wanted = [needed('@own/two', `https://${registryHost}${path}`)];
  const without = await warmPackages(mirror.core, wanted, options);
  expect(without.failures).toHaveLength(1);
  const npmSettings = (key: string): string | undefined =>
    key === `//${registryHost}/:_authToken` ? token : undefined;
  const summary = await warmPackages(mirror.core, wanted, { ...options, npmSettings });
  expect(summary).toMatchObject({ fetched: 1, failures: [] });
  await registry.outage('refuse');
  expect((await ask(mirror.url + path)).status).not.toBe(200);
  const headers = { authorization: `Bearer ${token}` };
  expect((await ask(mirror.url + path, { headers })).status).toBe(200);
});
