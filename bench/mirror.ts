import { AshlarError, createTempDir } from '../src/index.ts';
import type { BenchContext, Benchmark } from './benchmark.ts';
import { ashlarMirror } from './mirror/ashlar-mirror.ts';
import type { CacheServer } from './mirror/cache-server.ts';
import {
  abbreviated,
  type CaseContext,
  coldBurst,
  packumentsOf,
  recoveryMs,
  tarballsOf,
  warmBurst,
  warmRate,
} from './mirror/cases.ts';
import { nginx } from './mirror/nginx.ts';
import { startUpstream } from './mirror/recorded-upstream.ts';
import { type BurstRows, reportBurst, reportRate, reportRecovery } from './mirror/report.ts';
import { verdaccio } from './mirror/verdaccio.ts';
import type { Sheet } from './sheet.ts';

const bench = 'mirror';
const latencyMs = 30;
const servers: readonly CacheServer[] = [ashlarMirror, verdaccio, nginx];

/**
 * The npm mirror beside verdaccio and nginx: bursts of installs (cold, with faults upstream, warm with upstream gone),
 * recovery after an outage, and rates of a warm cache. All have the same recorded registry behind them, with latency.
 */
export const mirror: Benchmark = {
  name: bench,
  async run(context, sheet) {
    await using work = await createTempDir(context.workDir, bench);
    const here: BenchContext = { ...context, workDir: work.path };
    const ready: CacheServer[] = [];
    for (const server of servers) {
      const prepared = await sheet.attempt(bench, server.name, async () => {
        await server.prepare(context);
        return server;
      });
      if (prepared !== undefined) ready.push(prepared);
    }
    const set = context.scale === 'full' ? 'large' : 'small';
    await using upstream = await startUpstream(here, { set, latencyMs });
    const clients = context.scale === 'full' ? 200 : 10;
    const recorded = await upstream.recorded();
    const stage: CaseContext = { context: here, upstream, recorded, clients };
    const { tarballs } = recorded;
    sheet.note(
      `${bench}: ${clients} installs of ${tarballs.length} tarballs at once, each over 15 connections, sha512 of each held against its integrity; no request is made twice. Upstream answers after ${latencyMs} ms.`,
    );
    await measureBursts(stage, sheet, ready);
    await measureRates(stage, sheet, ready);
  },
};

async function measureBursts(
  stage: CaseContext,
  sheet: Sheet,
  ready: readonly CacheServer[],
): Promise<void> {
  const kinds: readonly [BurstRows, (server: CacheServer) => ReturnType<typeof coldBurst>][] = [
    ['cold', (server) => coldBurst(stage, server, 0)],
    ['faults', (server) => coldBurst(stage, server, 0.05)],
    ['upstream gone', (server) => warmBurst(stage, server)],
  ];
  for (const [kind, measure] of kinds) {
    const results = await each(sheet, ready, kind, measure);
    reportBurst(sheet, { kind, results, resources: stage.recorded.tarballs.length });
  }
  reportRecovery(
    sheet,
    await each(sheet, ready, 'recovery', async (server) => ({
      server: server.name,
      recoveryMs: await recoveryMs(stage, server),
    })),
  );
}

async function measureRates(
  stage: CaseContext,
  sheet: Sheet,
  ready: readonly CacheServer[],
): Promise<void> {
  const { recorded } = stage;
  const largest = recorded.packuments.toSorted((a, b) => b.documentBytes - a.documentBytes)[0];
  const rates = [
    ['abbreviated packuments', packumentsOf(recorded)],
    ['tarballs', tarballsOf(recorded)],
    ['tarballs over 100 KB', tarballsOf(recorded, 100_000)],
    [
      `the largest packument, abbreviated`,
      largest === undefined ? [] : [abbreviated(largest.name)],
    ],
  ] as const;
  for (const [what, resources] of rates) {
    if (resources.length === 0) continue;
    const measure = (server: CacheServer) => warmRate(stage, server, resources);
    reportRate(sheet, what, await each(sheet, ready, what, measure));
  }
}

/** One server after the other; one that fails is noted and left out. */
async function each<T>(
  sheet: Sheet,
  ready: readonly CacheServer[],
  what: string,
  measure: (server: CacheServer) => Promise<T>,
): Promise<readonly T[]> {
  const results: T[] = [];
  for (const server of ready) {
    const result = await sheet.attempt(bench, `${what}: ${server.name}`, () => measure(server));
    if (result !== undefined) results.push(result);
  }
  if (results.length === 0) throw new AshlarError('internal', `${what}: nothing was measured`);
  return results;
}
