import { ociPull, type PullOptions } from './oci-pull.ts';
import type { PullResult } from './pull-result.ts';

export interface BurstOptions extends Omit<PullOptions, 'seed'> {
  /** That many at once. */
  readonly pulls: number;
}

export interface BurstResult {
  readonly pulls: number;
  readonly ok: number;
  readonly ms: number;
  readonly bytes: number;
  readonly wrongBytes: number;
  readonly retries: number;
  /** Of the duration of pulls. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly statuses: Readonly<Partial<Record<string, number>>>;
  /** How often pulls failed with each message. */
  readonly failures: Readonly<Partial<Record<string, number>>>;
}

/** The same pull, many times at once, each on connections of its own; with `sample` each hashes another blob. */
export async function pullBurst(url: string, options: BurstOptions): Promise<BurstResult> {
  const { pulls, ...common } = options;
  const startMs = performance.now();
  const results = await Promise.all(
    Array.from({ length: pulls }, (_, seed) => ociPull(url, { ...common, seed })),
  );
  const sum = (of: (result: PullResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  const durations = results.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const quantile = (share: number): number =>
    durations[Math.max(0, Math.ceil(durations.length * share) - 1)] ?? 0;
  return {
    pulls,
    ok: results.filter(({ ok }) => ok).length,
    ms: performance.now() - startMs,
    bytes: sum(({ bytes }) => bytes),
    wrongBytes: sum(({ wrongBytes }) => wrongBytes),
    retries: sum(({ retries }) => retries),
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    maxMs: quantile(1),
    statuses: added(results.map(({ statuses }) => statuses)),
    failures: added(
      results.map(({ failures }) => Object.fromEntries(failures.map((message) => [message, 1]))),
    ),
  };
}

function added(
  counts: readonly Readonly<Partial<Record<string, number>>>[],
): Record<string, number> {
  const total: Record<string, number> = {};
  for (const one of counts) {
    for (const [name, count = 0] of Object.entries(one)) total[name] = (total[name] ?? 0) + count;
  }
  return total;
}
