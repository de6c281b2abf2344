import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { runCommand } from '../../../src/process/run-command.ts';
import { abbreviatedType } from '../../support/npm-registry/packument.ts';
import {
  type RecordedRegistry,
  type RecordedRegistryOptions,
  startRecordedRegistry,
} from '../../support/npm-registry/recorded-registry.ts';
import { scratchDir } from '../../support/scratch.ts';
import { digestOf, get, madePackages, tarballPath } from './support/made-up.ts';
import { ashlarProgram, type MirrorProcess, startMirrorProcess } from './support/mirror-process.ts';

describe('mirrors on one directory', () => {
  const scratch = scratchDir('mirror-processes');
  let stack = new AsyncDisposableStack();
  let homes = 0;
  afterEach(async () => {
    await stack.disposeAsync();
    stack = new AsyncDisposableStack();
  });

  const open = async (count: number, options: RecordedRegistryOptions) => {
    const upstream = stack.use(await startRecordedRegistry(options));
    homes += 1;
    const home = join(scratch, `home${homes}`);
    const args = ['--upstream', upstream.url];
    const starts = Array.from({ length: count }, () => startMirrorProcess({ home, args }));
    const mirrors: MirrorProcess[] = [];
    for (const start of starts) mirrors.push(stack.use(await start));
    return { upstream, home, mirrors };
  };
  const repeated = async (upstream: RecordedRegistry): Promise<readonly string[]> => {
    const { requests } = await upstream.counts();
    return Object.entries(requests).flatMap(([resource, times]) =>
      times === 1 ? [] : [`${resource}: ${times}`],
    );
  };
  const verify = async (mirror: MirrorProcess): Promise<unknown> => {
    const { env } = mirror;
    const args = ['mirror', 'verify', '--output', 'json'];
    const { stdout } = await runCommand(ashlarProgram, args, { env, timeoutMs: 60_000 });
    return JSON.parse(stdout.toString());
  };

  it('fetch each thing once together, whoever is asked', async () => {
    const packages = [...madePackages(12, 20_000), ...madePackages(2, 6 * 1024 ** 2, 'large')];
    const { upstream, mirrors } = await open(3, { packages, latencyMs: 100 });
    const asks = packages.flatMap((made) => [
      { path: `/${made.name}` },
      { path: `/${made.name}`, headers: { accept: abbreviatedType } },
      { path: `/${made.name}/1.0.0` },
      { path: tarballPath(made) },
    ]);
    const round = async (): Promise<readonly string[]> => {
      const answers = asks.flatMap(({ path, headers }) =>
        mirrors.flatMap((mirror, which) =>
          // Asked by one name, so that tarballs have one address in all packuments.
          [1, 2].map(async (turn) => {
            const named = { ...headers, host: 'mirror.test' };
            const answer = await get(mirror, path, named);
            return {
              which,
              turn,
              title: `${path} ${headers?.accept ?? ''}`,
              digest: digestOf(answer),
            };
          }),
        ),
      );
      const seen = new Map<string, Set<string>>();
      for (const { title, digest } of await Promise.all(answers)) {
        seen.set(title, (seen.get(title) ?? new Set()).add(digest));
      }
      expect([...seen].filter(([, digests]) => digests.size > 1)).toEqual([]);
      return [...seen.values()].flatMap((digests) => [...digests]).sort();
    };
    const cold = await round();
    expect(cold.filter((digest) => !digest.startsWith('200 whole '))).toEqual([]);
    expect(await repeated(upstream)).toEqual([]);
    expect((await upstream.counts()).totalRequests).toBe(asks.length);
    await upstream.outage('refuse');
    expect(await round()).toEqual(cold);
  });

  it('go on where one of them is killed in the middle of a fetch', async () => {
    const [made] = madePackages(1, 6 * 1024 ** 2);
    if (made === undefined) throw new TypeError('no package');
    const path = tarballPath(made);
    const stall = { fault: { name: 'stall-in-body' }, resource: 'tgz$', attempts: [1] } as const;
    const { upstream, mirrors } = await open(2, { packages: [made], faults: [stall] });
    const [fetching, waiting] = mirrors;
    if (fetching === undefined || waiting === undefined) throw new TypeError('no mirrors');
    const lost = get(fetching, path);
    await expect
      .poll(() => upstream.counts(), { timeout: 10_000 })
      .toMatchObject({
        faults: { 'stall-in-body': 1 },
      });
    const found = get(waiting, path);
    await fetching.kill();
    expect((await lost).end).toBe('broken');
    const answer = await found;
    expect(answer).toMatchObject({ status: 200, end: 'whole' });
    expect((await upstream.counts()).requests[`GET ${path}`]).toBe(2);
    expect(await verify(waiting)).toMatchObject({ damaged: [] });
    await upstream.outage('refuse');
    expect(digestOf(await get(waiting, path))).toBe(digestOf(answer));
  });

  it('leave nothing half-written behind, whenever they are killed', async () => {
    const packages = madePackages(60, 200_000);
    const { upstream, home, mirrors } = await open(2, { packages });
    const [killed, other] = mirrors;
    if (killed === undefined || other === undefined) throw new TypeError('no mirrors');
    const args = ['--upstream', upstream.url];
    let victim = killed;
    for (const killAfter of [5, 20, 40]) {
      let answered = 0;
      const enough = Promise.withResolvers<void>();
      const asks = packages.map(async (made) => {
        const { end } = await get(victim, tarballPath(made));
        answered += end === 'whole' ? 1 : 0;
        if (answered >= killAfter) enough.resolve();
      });
      await enough.promise;
      await victim.kill();
      await Promise.all(asks);
      expect(await verify(other)).toMatchObject({ damaged: [] });
      victim = stack.use(await startMirrorProcess({ home, args }));
    }
    await upstream.resetCounts();
    const answers = packages.flatMap((made) =>
      [victim, other].map(async (mirror) => digestOf(await get(mirror, tarballPath(made)))),
    );
    const digests = new Set(await Promise.all(answers));
    expect(digests.size).toBe(packages.length);
    expect([...digests].filter((digest) => !digest.startsWith('200 whole '))).toEqual([]);
    expect(await repeated(upstream)).toEqual([]);
  });
});
