import { join } from 'node:path';
import type { BenchContext } from '../benchmark.ts';
import { type CalledProcess, startCalledProcess } from './called-process.ts';
import { processorMs } from './processor-time.ts';

export interface PullPlan {
  /** Ends in a slash. */
  readonly url: string;
  readonly name: string;
  /** That many at once, half of them in each of two processes. */
  readonly pulls: number;
  /** `all`: each body of each pull is hashed. `sample`: its manifest and one of its blobs. Sizes are looked at always. */
  readonly verify: 'all' | 'sample';
  /** How often a request is made anew, at once, after a cut, 429 or 5xx; after a cut from where it was. */
  readonly retries: number;
  /** Nothing for this long: the request has failed. */
  readonly idleTimeoutMs: number;
}

interface BurstFigures {
  readonly pulls: number;
  /** Of bodies. */
  readonly bytes: number;
  /** Of bodies that ended well and were not what their digest says. */
  readonly wrongBytes: number;
  /** Requests that pulls made anew. */
  readonly retries: number;
  /** Of the duration of pulls. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** How often pulls failed with what. */
  readonly failures: Readonly<Record<string, number>>;
}

/** Of both processes: durations are the larger of the two, and failures have no digests in them. */
export interface PullLoadResult extends BurstFigures {
  readonly failed: number;
  readonly wallMs: number;
  /** Processor time of the load itself, in cores. */
  readonly loadCores: number;
}

/** What the pull process of the tests says of a burst, and what processor time it took. */
interface Burst extends BurstFigures {
  readonly ok: number;
  readonly ms: number;
  readonly cpuMs: number;
}

const burstTimeoutMs = 20 * 60_000;
/** As many blobs at once as docker and containerd take. */
const concurrency = 3;

/** Pulls `latest` of a repository as containerd does, many times at once, each on connections of its own, and keeps nothing. */
export async function runPulls(context: BenchContext, plan: PullPlan): Promise<PullLoadResult> {
  await using first = await startPullProcess(context);
  await using second = await startPullProcess(context);
  const { url, pulls, ...options } = plan;
  const shares = [Math.ceil(pulls / 2), Math.floor(pulls / 2)];
  const bursts = await Promise.all(
    [first, second].map(async ({ pid, call }, index): Promise<Burst> => {
      const common = { ...options, reference: 'latest', concurrency, pulls: shares[index] };
      const beforeMs = await processorMs(pid);
      const burst = (await call('burst', url, common)) as Omit<Burst, 'cpuMs'>;
      return { ...burst, cpuMs: (await processorMs(pid)) - beforeMs };
    }),
  );
  const sum = (of: (burst: Burst) => number): number =>
    bursts.reduce((total, burst) => total + of(burst), 0);
  const most = (of: (burst: Burst) => number): number => Math.max(...bursts.map(of));
  const wallMs = most(({ ms }) => ms);
  return {
    pulls,
    failed: pulls - sum(({ ok }) => ok),
    wallMs,
    bytes: sum(({ bytes }) => bytes),
    wrongBytes: sum(({ wrongBytes }) => wrongBytes),
    retries: sum(({ retries }) => retries),
    p50Ms: most(({ p50Ms }) => p50Ms),
    p99Ms: most(({ p99Ms }) => p99Ms),
    maxMs: most(({ maxMs }) => maxMs),
    failures: summarizeFailures(bursts.map(({ failures }) => failures)),
    loadCores: sum(({ cpuMs }) => cpuMs) / wallMs,
  };
}

function startPullProcess(context: BenchContext): Promise<CalledProcess<unknown>> {
  const main = join(context.repoDir, 'test/support/oci-registry/pull/pull-main.ts');
  return startCalledProcess(context, { main, options: {}, callTimeoutMs: burstTimeoutMs });
}

function summarizeFailures(
  counts: readonly Readonly<Record<string, number>>[],
): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [message, count] of counts.flatMap((one) => Object.entries(one))) {
    const kind = message
      .replaceAll(/ ?sha(?:256|512):[0-9a-f]+/g, '')
      .replace(/ after \d+ bytes$/, '');
    found[kind] = (found[kind] ?? 0) + count;
  }
  return found;
}
