import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { createPackumentVariants } from '../../../mirror/documents/packument-variants.ts';
import { createLimiter } from '../../../src/index.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import type { Packument } from '../../support/npm-registry/packument.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { registryHost, startBoth, startTestMirror } from '../support/test-mirror.ts';

const packages = [{ name: 'one', versions: { '1.0.0': {}, '2.0.0': {} } }];

function tarballsIn(body: Buffer): string[] {
  const { versions } = JSON.parse(body.toString()) as Packument;
  return Object.values(versions).map(({ dist }) => dist.tarball);
}

async function keptVariants(home: string): Promise<number> {
  const names = await readdir(join(home, 'cache', 'variants'), {
    recursive: true,
    withFileTypes: true,
  });
  return names.filter((entry) => entry.isFile()).length;
}

it('what was rewritten under another configuration is not given out', async () => {
  const versions = Object.fromEntries(
    ['a', 'b'].map((host, at) => {
      const tarball = `https://${host}.npm.test/one/-/one-${at}.0.0.tgz`;
      return [`${at}.0.0`, { name: 'one', version: `${at}.0.0`, dist: { tarball } }];
    }),
  );
  await using upstream = await startScriptedUpstream((_request, response) => {
    response.end(JSON.stringify({ name: 'one', versions }));
  });
  const options = (hosts: readonly string[]): Parameters<typeof startTestMirror>[0] => ({
    upstreams: [],
    config: { registries: [{ name: 'npm', hosts, upstreams: [upstream.url] }] },
  });
  const headers = { host: 'mirror.test' };
  const moved = async ({ url }: { url: string }): Promise<string[]> =>
    tarballsIn((await ask(`${url}/one`, { headers })).body).map((text) => new URL(text).host);
  await using first = await startTestMirror(options(['a.npm.test']));
  expect(await moved(first)).toEqual(['mirror.test', 'b.npm.test']);
  const more = options(['a.npm.test', 'b.npm.test']);
  await using second = await startTestMirror({ ...more, home: first.home });
  expect(await moved(second)).toEqual(['mirror.test', 'mirror.test']);
});

it('whatever addresses clients make up, few are kept, and all are answered', async () => {
  await using both = await startBoth({ packages });
  const { mirror } = both;
  const tags = new Set<string>();
  for (let number = 0; number < 50; number += 1) {
    const headers = { host: `host${number}.test`, 'accept-encoding': 'gzip' };
    const { body, headers: said } = await ask(`${mirror.url}/one`, { headers });
    const plain = said['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    expect(tarballsIn(plain)).toContain(`http://host${number}.test/one/-/one-1.0.0.tgz`);
    const known = { ...headers, 'if-none-match': said.etag ?? '' };
    expect((await ask(`${mirror.url}/one`, { headers: known })).status).toBe(304);
    tags.add(said.etag ?? '');
  }
  expect(tags.size).toBe(50);
  expect(await keptVariants(mirror.home)).toBeLessThanOrEqual(32);
  const head = await ask(`${mirror.url}/one`, { method: 'HEAD', headers: { host: 'more.test' } });
  expect(head).toMatchObject({ status: 200 });
  // Whose hosts are mirrored is no matter of who came first.
  const own = { host: registryHost, 'accept-encoding': 'gzip' };
  const mirrored = await ask(`${mirror.url}/one`, { headers: own });
  expect(mirrored.headers['content-encoding']).toBe('gzip');
});

it('who waits for what is being rewritten leaves when the time is over', async () => {
  await using both = await startBoth({ packages });
  const { cache } = both.mirror.core;
  const never = { find: () => new Promise<never>(() => {}) };
  const waiting = { nowMs: Date.now, sleep: async () => {}, random: Math.random };
  const { signal } = new AbortController();
  const variants = createPackumentVariants(
    { cache, waiting, heavyWork: createLimiter(1), signal },
    never,
  );
  const [registry] = both.mirror.core.registries.all;
  if (registry === undefined) throw new TypeError('there is no registry');
  const record = { body: 'ab'.repeat(32) } as Parameters<typeof variants.find>[0];
  const wish = { registry, base: 'http://mirror.test', cuts: null };
  const stop = new AbortController();
  const finding = variants.find(record, wish, stop.signal);
  stop.abort(new Error('waited long enough'));
  await expect(finding).rejects.toThrow('waited long enough');
});
