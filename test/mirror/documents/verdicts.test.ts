import { describe, expect, it } from 'vitest';
import { createPolicy } from '../../../mirror/index.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { abbreviatedType } from '../../support/npm-registry/packument.ts';
import { startBoth } from '../support/test-mirror.ts';

const one = { name: 'one', versions: { '1.0.0': {} } };
const packages = [one];
const failsAtOnce = { attempts: 2, baseDelayMs: 1, maxDelayMs: 2 };
const always = { maxAgeSec: 0 };

describe('what anybody may read', () => {
  it.each([401, 403])('goes out stale when upstream refuses it to anybody (%i)', async (status) => {
    const current = { policy: createPolicy({ minReleaseAgeMs: 1 }), revision: '1' };
    await using both = await startBoth(
      { packages },
      { config: always, serve: { policy: () => current } },
    );
    const { registry, mirror } = both;
    const paths = ['/one', '/one/1.0.0', '/one/-/one-1.0.0.tgz'];
    for (const path of paths) expect((await ask(mirror.url + path)).status).toBe(200);
    await mirror.core.tarballs.settled();
    const fault = { name: 'status', status } as const;
    await registry.setFaults([{ fault, kinds: ['packument', 'version', 'tarball'] }]);
    for (const path of paths) expect((await ask(mirror.url + path)).status).toBe(200);
    const stale = await ask(`${mirror.url}/one`);
    expect(stale.headers['x-ashlar-cache']).toBe('stale');
    expect(stale.headers.warning).toContain(`answered ${status}`);
    await registry.setFaults([]);
    expect((await ask(`${mirror.url}/one`)).headers['x-ashlar-cache']).toBe('revalidated');
  });

  it('is refused where nothing is kept', async () => {
    const fault = { name: 'status', status: 403 } as const;
    await using both = await startBoth({ packages, faults: [{ fault }] });
    expect((await ask(`${both.mirror.url}/one`)).status).toBe(403);
  });

  it('is gone when upstream says so', async () => {
    await using both = await startBoth({ packages }, { config: always });
    await ask(`${both.mirror.url}/one`);
    const fault = { name: 'status', status: 404 } as const;
    await both.registry.setFaults([{ fault }]);
    expect((await ask(`${both.mirror.url}/one`)).status).toBe(404);
  });
});

describe('what a credential is needed for', () => {
  const headers = { authorization: 'Bearer npm_Owner' };
  const abbreviated = { ...headers, accept: abbreviatedType };
  const hidden = { ...one, readers: ['npm_Owner'] };
  const taken = { ...one, readers: ['npm_Other'] };
  const core = { retry: failsAtOnce, settings: { freshBudgetMs: 100, absenceMs: 0 } };

  it.each([401, 404] as const)(
    'is not given out stale before upstream has said whether it still may be read (%i)',
    async (refusal) => {
      await using both = await startBoth({ packages: [hidden], refusal }, { config: always, core });
      const { registry, mirror } = both;
      for (const each of [headers, abbreviated])
        expect((await ask(`${mirror.url}/one`, { headers: each })).status).toBe(200);
      await registry.put(taken);
      await registry.setLatency(700);
      expect((await ask(`${mirror.url}/one`, { headers })).status).toBe(refusal);
      await registry.setLatency(0);
      // Neither form is kept for it any more.
      await registry.outage('refuse');
      for (const each of [headers, abbreviated])
        expect((await ask(`${mirror.url}/one`, { headers: each })).status).toBe(502);
    },
  );

  it('takes the small documents of a package with it when it is refused', async () => {
    let nowMs = Date.now();
    await using both = await startBoth(
      { packages: [hidden] },
      { core: { ...core, nowMs: () => nowMs } },
    );
    const { registry, mirror } = both;
    const statusOf = async (path: string): Promise<number> =>
      (await ask(mirror.url + path, { headers })).status;
    const documents = ['/one/1.0.0', '/-/package/one/dist-tags'];
    expect(await statusOf('/one')).toBe(200);
    nowMs += 200_000;
    for (const path of documents) expect(await statusOf(path)).toBe(200);
    await registry.put(taken);
    nowMs += 150_000;
    // They are fresh still.
    for (const path of documents) expect(await statusOf(path)).toBe(200);
    expect(await statusOf('/one')).toBe(404);
    for (const path of documents) expect(await statusOf(path)).toBe(404);
  });

  it('waits for upstream while it is slow, and goes out stale while it is gone', async () => {
    await using both = await startBoth({ packages: [hidden] }, { config: always, core });
    const { registry, mirror } = both;
    await ask(`${mirror.url}/one`, { headers });
    await registry.setLatency(400);
    const slow = await ask(`${mirror.url}/one`, { headers });
    expect(slow.headers['x-ashlar-cache']).toBe('revalidated');
    await registry.setLatency(0);
    await registry.outage('reset');
    const stale = await ask(`${mirror.url}/one`, { headers });
    expect(stale).toMatchObject({ status: 200, headers: { 'x-ashlar-cache': 'stale' } });
  });
});

it('while upstream rests, what is stale goes out at once, and what is fresh soon after', async () => {
  const two = { name: 'two', versions: { '1.0.0': {} } };
  const settings = { freshBudgetMs: 4_000 };
  await using both = await startBoth(
    { packages: [one, two] },
    { config: always, core: { settings, retry: { attempts: 1_000, maxDelayMs: 20 } } },
  );
  const { registry, mirror } = both;
  await ask(`${mirror.url}/one`);
  await registry.outage('refuse');
  const waiting = ask(`${mirror.url}/two`, { idleMs: 20_000 });
  await expect.poll(() => mirror.core.origins()[0]?.isResting).toBe(true);
  const beganMs = performance.now();
  const stale = await ask(`${mirror.url}/one`);
  expect(stale.headers['x-ashlar-cache']).toBe('stale');
  expect(performance.now() - beganMs).toBeLessThan(1_000);
  await registry.restore();
  expect((await waiting).status).toBe(200);
  expect((await ask(`${mirror.url}/one`)).headers['x-ashlar-cache']).not.toBe('stale');
});
