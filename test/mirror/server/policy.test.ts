import { expect, it } from 'vitest';
import { createPolicy, parseAdvisories } from '../../../mirror/index.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { abbreviatedType, type Packument } from '../../support/npm-registry/packument.ts';
import { startBoth } from '../support/test-mirror.ts';

const nowMs = Date.parse('2026-01-10T00:00:00Z');
const packages = [
  {
    name: 'one',
    versions: {
      '1.0.0': {},
      '1.1.0': {},
      '2.0.0': { publishedAt: '2026-01-09T12:00:00Z' },
    },
  },
  { name: '@evil/two', versions: { '1.0.0': {} } },
];

function withPolicy(options: Parameters<typeof createPolicy>[0]): ReturnType<typeof startBoth> {
  const current = { policy: createPolicy(options), revision: '1' };
  return startBoth(
    { packages },
    { core: { nowMs: () => nowMs }, serve: { policy: () => current } },
  );
}

it('a version that is blocked vanishes, and its tarball says why', async () => {
  const advisories = parseAdvisories('{"one": ["1.1.0"]}', 'advisories.json');
  await using both = await withPolicy({ advisories });
  const { mirror } = both;
  for (const accept of ['application/json', abbreviatedType]) {
    const packument = await ask(`${mirror.url}/one`, { headers: { accept } });
    const { versions } = JSON.parse(packument.body.toString()) as Packument;
    expect(Object.keys(versions)).toEqual(['1.0.0', '2.0.0']);
    expect(packument.headers['npm-notice']).toBe(
      "1 of 3 versions of one are not given out by this mirror's policy: advisory 1",
    );
  }
  expect((await ask(`${mirror.url}/@evil%2ftwo`)).headers['npm-notice']).toBeUndefined();
  const blocked = await ask(`${mirror.url}/one/-/one-1.1.0.tgz`);
  expect(blocked.status).toBe(403);
  expect(blocked.headers['npm-notice']).toMatch(/one@1\.1\.0 is blocked/);
  expect(JSON.parse(blocked.body.toString())).toMatchObject({ code: 'package_blocked' });
  expect((await ask(`${mirror.url}/one/-/one-1.0.0.tgz`)).status).toBe(200);
  for (const way of ['/one/1.1.0', '/one/1.1.0/', '/%6fne/1.1.0'])
    expect((await ask(mirror.url + way)).status).toBe(403);
  expect((await ask(`${mirror.url}/one/1.0.0`)).status).toBe(200);
});

it.each([
  ['in another spelling', '/one/-/one-1.1.0%2etgz'],
  ['below /-/via/', '/-/via/https/registry.npm.test/one/-/one-1.1.0.tgz'],
  ['with a query', '/one/-/one-1.1.0.tgz?a=b'],
  ['with a slash at its end', '/one/-/one-1.1.0.tgz/'],
  ['encoded', '/one%2f-%2fone-1.1.0.tgz'],
])('a tarball that is blocked is not had %s', async (_what, path) => {
  const advisories = parseAdvisories('{"one": ["1.1.0"]}', 'advisories.json');
  await using both = await withPolicy({ advisories });
  expect((await ask(both.mirror.url + path)).status).toBe(403);
});

it('lists allow and deny', async () => {
  await using denying = await withPolicy({ deny: ['@evil/*'] });
  expect((await ask(`${denying.mirror.url}/one`)).status).toBe(200);
  for (const path of [
    '/@evil%2ftwo',
    '/@evil/two/-/two-1.0.0.tgz',
    '/@evil%2ftwo/1.0.0',
    '/-/package/@evil%2ftwo/dist-tags',
  ])
    expect((await ask(denying.mirror.url + path)).status).toBe(403);
  await using allowing = await withPolicy({ allow: ['one@1.0.0'] });
  const { body } = await ask(`${allowing.mirror.url}/one`);
  expect(Object.keys((JSON.parse(body.toString()) as Packument).versions)).toEqual(['1.0.0']);
  expect((await ask(`${allowing.mirror.url}/@evil%2ftwo`)).status).toBe(403);
});

it('a minimum age counts in the abbreviated form too, and passes with time', async () => {
  let laterMs = 0;
  const current = { policy: createPolicy({ minReleaseAgeMs: 24 * 3600_000 }), revision: '1' };
  const clock = (): number => nowMs + laterMs;
  await using both = await startBoth(
    { packages },
    { core: { nowMs: clock }, serve: { policy: () => current } },
  );
  const versions = async (): Promise<string[]> => {
    const headers = { accept: abbreviatedType };
    const { body } = await ask(`${both.mirror.url}/one`, { headers });
    return Object.keys((JSON.parse(body.toString()) as Packument).versions);
  };
  expect(await versions()).toEqual(['1.0.0', '1.1.0']);
  const young = await ask(`${both.mirror.url}/one/-/one-2.0.0.tgz`);
  expect(young.status).toBe(403);
  expect(young.headers['npm-notice']).toContain('too young until 2026-01-10T12:00:00.000Z');
  laterMs = 13 * 3600_000;
  expect(await versions()).toEqual(['1.0.0', '1.1.0', '2.0.0']);
  expect((await ask(`${both.mirror.url}/one/-/one-2.0.0.tgz`)).status).toBe(200);
});

it('while upstream hangs, who waits for a decision has an answer in time', async () => {
  const current = { policy: createPolicy({ minReleaseAgeMs: 1 }), revision: '1' };
  const serve = { policy: () => current, limits: { answerMs: 500 } };
  await using both = await startBoth({ packages, latencyMs: 8_000 }, { serve });
  const answer = await ask(`${both.mirror.url}/one/-/one-1.0.0.tgz`);
  expect(answer.status).toBe(502);
});
