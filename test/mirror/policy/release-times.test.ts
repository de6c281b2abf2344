import { expect, it } from 'vitest';
import { createPolicy } from '../../../mirror/index.ts';
import { createFindCuts } from '../../../mirror/policy/policy-cuts.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { abbreviatedType, type Packument } from '../../support/npm-registry/packument.ts';
import { scan } from '../packument/support/scan.ts';
import { startBoth } from '../support/test-mirror.ts';

const policy = createPolicy({ minReleaseAgeMs: 24 * 3600_000 });

it('a version is blocked while its time is not known, and no longer', async () => {
  let nowMs = Date.parse('2026-01-10T00:00:00Z');
  const current = { policy, revision: '1' };
  await using both = await startBoth(
    { packages: [{ name: 'one', versions: { '1.0.0': {} } }] },
    {
      config: { maxAgeSec: 60 },
      core: { nowMs: () => nowMs },
      serve: { policy: () => current },
    },
  );
  const { registry, mirror } = both;
  const versions = async (): Promise<string[]> => {
    const { body } = await ask(`${mirror.url}/one`, { headers: { accept: abbreviatedType } });
    return Object.keys((JSON.parse(body.toString()) as Packument).versions);
  };
  await ask(`${mirror.url}/one`);
  await registry.put({ name: 'one', versions: { '1.0.0': {}, '2.0.0': {} } });
  nowMs += 30_000;
  // The abbreviated form is new, and the full one, which alone has times, is fresh and does not know the version.
  expect(await versions()).toEqual(['1.0.0']);
  nowMs += 31_000;
  expect(await versions()).toEqual(['1.0.0', '2.0.0']);
});

it('a packument whose index is gone for a moment is filtered when it is back', async () => {
  const index = scan('{"name":"one","versions":{"1.0.0":{}}}', { name: 'one' });
  const findCuts = createFindCuts({ find: async () => null }, Date.now);
  const cuts = await findCuts({ policy, revision: '1', body: 'ab'.repeat(32), releases: null });
  expect(cuts?.edits(index)).toHaveLength(1);
});
