import type { BenchContext } from './benchmark.ts';
import { type MeasuredRun, run } from './commands.ts';
import type { Quantity } from './sheet.ts';
import type { Unit } from './units.ts';

/** Something that is measured again and again. */
export interface Contender<T> {
  readonly name: string;
  /** Brings about the state before a measurement; not measured. */
  prepare?(round: number): Promise<void>;
  measure(round: number): Promise<T>;
}

/**
 * Measures two contenders in turn, A B A B, so that what else the machine does hits both alike. A first round warms the
 * page cache and is not counted. Dirty pages are written out before each measurement.
 */
export async function interleave<A, B>(
  context: BenchContext,
  first: Contender<A>,
  second: Contender<B>,
): Promise<{ readonly first: readonly A[]; readonly second: readonly B[] }> {
  const results: { first: A[]; second: B[] } = { first: [], second: [] };
  for (let round = 0; round <= context.rounds; round += 1) {
    const label = round === 0 ? 'warm-up' : `round ${round} of ${context.rounds}`;
    context.say(`## ${label}: ${first.name}, then ${second.name}`);
    const one = await measureOnce(context, first, round);
    const two = await measureOnce(context, second, round);
    if (round === 0) continue;
    results.first.push(one);
    results.second.push(two);
  }
  return results;
}

/** What several runs of the same took. */
export interface RunsSummary {
  readonly wall: Quantity;
  readonly cpu: Quantity;
  /** The largest of all. */
  readonly peakBytes: number;
}

export function summarizeRuns(runs: readonly MeasuredRun[]): RunsSummary {
  return {
    wall: summarizeTimes(runs.map(({ wallMs }) => wallMs)),
    cpu: summarizeTimes(runs.map(({ cpuMs }) => cpuMs)),
    peakBytes: Math.max(...runs.map(({ peakBytes }) => peakBytes)),
  };
}

/** The median with the smallest and the largest; of an even number, the lower of the two in the middle. */
export function summarize(values: readonly number[], unit: Unit): Quantity {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return { value: middle, unit, min: sorted[0] ?? middle, max: sorted.at(-1) ?? middle };
}

async function measureOnce<T>(
  context: BenchContext,
  contender: Contender<T>,
  round: number,
): Promise<T> {
  await contender.prepare?.(round);
  await run(context, { argv: ['sync'] });
  return contender.measure(round);
}

function summarizeTimes(timesMs: readonly number[]): Quantity {
  return summarize(timesMs, 'ms');
}
