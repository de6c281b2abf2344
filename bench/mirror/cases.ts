import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { BenchContext } from '../benchmark.ts';
import { type CacheServer, type RunningServer, startServer } from './cache-server.ts';
import { type LoadPlan, type LoadResource, type LoadResult, runLoad } from './load.ts';
import type { RecordedLoad, RecordedUpstream } from './recorded-upstream.ts';

/** What a case needs. */
export interface CaseContext {
  readonly context: BenchContext;
  readonly upstream: RecordedUpstream;
  readonly recorded: RecordedLoad;
  /** How many installs at once. */
  readonly clients: number;
}

export interface BurstResult extends LoadResult {
  readonly server: string;
  readonly requestsPerSec: number;
  /** Requests that upstream got, and the most for any one resource. */
  readonly upstreamRequests: number;
  readonly mostForOne: number;
  readonly peakBytes: number;
}

/** All clients install one lockfile at once, and nothing is in the cache; `faultShare` of upstream's answers have each fault. */
export async function coldBurst(
  bench: CaseContext,
  server: CacheServer,
  faultShare: number,
): Promise<BurstResult> {
  await using running = await startEmpty(bench, server);
  await bench.upstream.setFaults(faultShare);
  const result = await burst(bench, server, running);
  await bench.upstream.setFaults(0);
  return result;
}

/** The same lockfile once more, with upstream gone. */
export async function warmBurst(bench: CaseContext, server: CacheServer): Promise<BurstResult> {
  await using running = await startEmpty(bench, server);
  await runLoad(bench.context, installPlan(bench, running, 1));
  await bench.upstream.outage();
  try {
    return await burst(bench, server, running);
  } finally {
    await bench.upstream.restore();
  }
}

/** How long a server is given to recover. */
export const patienceMs = 60_000;

/** How long after the end of an outage, which began with an empty cache and requests under way, one install works; null: not in a minute. */
export async function recoveryMs(bench: CaseContext, server: CacheServer): Promise<number | null> {
  await using running = await startEmpty(bench, server);
  await bench.upstream.outage();
  const during = { ...installPlan(bench, running, 10), timeoutMs: 10_000 };
  await runLoad(bench.context, during);
  await bench.upstream.restore();
  const startMs = performance.now();
  while (performance.now() - startMs < patienceMs) {
    const plan = { ...installPlan(bench, running, 1), timeoutMs: 20_000 };
    const { failedClients } = await runLoad(bench.context, plan);
    if (failedClients === 0) return performance.now() - startMs;
    await pause(200);
  }
  return null;
}

export interface RateResult {
  readonly server: string;
  readonly requestsPerSec: number;
  readonly bytesPerSec: number;
  readonly p99Ms: number;
  readonly failed: number;
  readonly peakBytes: number;
}

/** Requests that a warm cache answers. Each resource was asked for once before. */
export async function warmRate(
  bench: CaseContext,
  server: CacheServer,
  resources: readonly LoadResource[],
): Promise<RateResult> {
  await using running = await startEmpty(bench, server);
  const plan = { ...installPlan(bench, running, 1), resources };
  await runLoad(bench.context, plan);
  const durationMs = bench.context.scale === 'full' ? 10_000 : 2_000;
  const loaded = { ...plan, mode: 'requests', clients: 4, durationMs } as const;
  const result = await runLoad(bench.context, loaded);
  return {
    server: server.name,
    requestsPerSec: perSec(result.requests, result.wallMs),
    bytesPerSec: perSec(result.bodyBytes, result.wallMs),
    p99Ms: result.latencyMs.p99,
    failed: Object.values(result.failures).reduce((sum, count) => sum + count, 0),
    peakBytes: await running.peakBytes(),
  };
}

export function tarballsOf(recorded: RecordedLoad, leastBytes = 0): readonly LoadResource[] {
  return recorded.tarballs
    .filter(({ sizeBytes }) => sizeBytes >= leastBytes)
    .map(({ path, integrity }) => ({ path, integrity }));
}

export function packumentsOf(recorded: RecordedLoad): readonly LoadResource[] {
  return recorded.packuments
    .filter(({ form, documentBytes }) => form === 'abbreviated' && documentBytes < 4_000_000)
    .map(({ name }) => abbreviated(name));
}

export function abbreviated(name: string): LoadResource {
  return {
    path: `/${name.replace('/', '%2f')}`,
    accept: 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*',
  };
}

async function startEmpty(bench: CaseContext, server: CacheServer): Promise<RunningServer> {
  const { context, upstream } = bench;
  const directory = join(context.workDir, `server-${performance.now()}`);
  await mkdir(directory);
  const running = await startServer(server, { context, directory, upstream: upstream.url });
  await upstream.resetCounts();
  return running;
}

/** A server that has not served all installs by then is not waited for. */
const burstLimitMs = 150_000;

async function burst(
  bench: CaseContext,
  server: CacheServer,
  running: RunningServer,
): Promise<BurstResult> {
  const plan = { ...installPlan(bench, running, bench.clients), limitMs: burstLimitMs };
  const result = await runLoad(bench.context, plan);
  const { requests, totalRequests } = await bench.upstream.counts();
  return {
    ...result,
    server: server.name,
    requestsPerSec: perSec(result.requests, result.wallMs),
    upstreamRequests: totalRequests,
    mostForOne: Math.max(0, ...Object.values(requests)),
    peakBytes: await running.peakBytes(),
  };
}

function installPlan(bench: CaseContext, { url }: RunningServer, clients: number): LoadPlan {
  const resources = tarballsOf(bench.recorded);
  return { url, clients, socketsPerClient: 15, timeoutMs: 60_000, mode: 'installs', resources };
}

function perSec(amount: number, durationMs: number): number {
  return (amount / durationMs) * 1000;
}
