import { expect, it } from 'vitest';
import { verifyCache } from '../../../mirror/index.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { abbreviatedType } from '../../support/npm-registry/packument.ts';
import { startBoth, type TestMirror } from '../support/test-mirror.ts';

const packages = [{ name: '@scope/One', versions: { '1.0.0': { paddingBytes: 5_000 } } }];
const signal = new AbortController().signal;

async function fill({ url, core }: TestMirror): Promise<void> {
  const headers = { accept: abbreviatedType };
  expect((await ask(`${url}/@scope/One`, { headers })).status).toBe(200);
  expect((await ask(`${url}/@scope/One/-/One-1.0.0.tgz`)).status).toBe(200);
  await core.tarballs.settled();
}

it.each([
  ['blobs/', '@scope/One: One-1.0.0.tgz'],
  ['bodies/', '@scope/One: abbreviated packument'],
  ['indexes/', '@scope/One: abbreviated packument'],
  ['variants/', null],
])('finds what is damaged below %s, says whose it is, and removes it', async (prefix, subject) => {
  await using both = await startBoth({ packages });
  const { cache } = both.mirror.core;
  await fill(both.mirror);
  expect(await verifyCache(cache, { damage: 'report', signal })).toMatchObject({ damaged: [] });
  for await (const { key } of cache.objects.list(prefix)) {
    const bytes = await cache.objects.get(key);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await cache.objects.replace(key, bytes);
  }
  const found = await verifyCache(cache, { damage: 'remove', signal });
  expect(found.damaged).toMatchObject([{ subject }]);
  expect(await verifyCache(cache, { damage: 'report', signal })).toMatchObject({ damaged: [] });
  await fill(both.mirror);
});

it('names the package of a record that is none', async () => {
  await using both = await startBoth({ packages });
  const { cache } = both.mirror.core;
  await fill(both.mirror);
  for await (const { key } of cache.objects.list('records/'))
    if (key.includes('/tarballs/')) await cache.objects.replace(key, Buffer.from('{"version":1}'));
  const { damaged } = await verifyCache(cache, { damage: 'report', signal });
  expect(damaged).toMatchObject([{ subject: '@scope/One: One-1.0.0.tgz' }]);
});
