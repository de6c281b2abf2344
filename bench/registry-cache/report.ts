import type { Sheet } from '../sheet.ts';
import type { BurstResult } from './cases.ts';
import type { OutageResult } from './outage-case.ts';
import type { RecordedImage } from './recorded-upstream.ts';
import { addFigures, atMost, bench, type CaseResults, type Figure, none } from './rows.ts';
import type { StreamCaseResult } from './stream-case.ts';

const p99: Figure<BurstResult> = { what: 'p99 of pulls', of: ({ p99Ms }) => p99Ms, unit: 'ms' };
const rate: Figure<BurstResult> = {
  what: 'bytes a second',
  of: ({ bytesPerSec }) => bytesPerSec,
  unit: 'bytes',
};
const fastRate: Figure<BurstResult> = {
  ...rate,
  target: { bound: 'at least', limit: 3, of: 'ratio' },
};
const memory: Figure<BurstResult> = {
  what: 'peak memory',
  of: ({ peakBytes }) => peakBytes,
  unit: 'bytes',
};
const outcome: readonly Figure<BurstResult>[] = [
  { what: 'failed pulls', of: ({ failed }) => failed, unit: 'pulls', target: none },
  { what: 'wrong bytes', of: ({ wrongBytes }) => wrongBytes, unit: 'bytes', target: none },
];

export function reportCold(
  sheet: Sheet,
  results: readonly BurstResult[],
  { blobs, manifests }: RecordedImage,
): void {
  const label = 'cold';
  noteBursts(sheet, { label, results });
  addFigures(sheet, { label, results }, [
    requestsFigure('GET blob', blobs.length),
    requestsFigure('GET manifest', manifests.length),
    {
      what: 'most GETs upstream for one blob',
      of: ({ mostGets }) => mostGets,
      unit: 'requests',
      target: atMost(1),
    },
    requestsFigure('GET token', 1),
    fastRate,
    { ...memory, target: atMost(0.33, 'ratio') },
    p99,
    ...outcome,
  ]);
}

export function reportColdBehindLink(sheet: Sheet, results: readonly BurstResult[]): void {
  const label = 'cold behind a link';
  noteBursts(sheet, { label, results });
  const upstream: Figure<BurstResult> = {
    what: 'bytes upstream',
    of: ({ upstream: { bodyBytes } }) => bodyBytes,
    unit: 'bytes',
  };
  addFigures(sheet, { label, results }, [upstream, fastRate, p99, ...outcome]);
}

export function reportWarm(sheet: Sheet, results: readonly BurstResult[]): void {
  const label = 'warm';
  noteBursts(sheet, { label, results });
  addFigures(sheet, { label, results }, [
    {
      what: 'requests upstream',
      of: ({ upstream }) => upstream.totalRequests,
      unit: 'requests',
      target: none,
    },
    p99,
    rate,
    memory,
    ...outcome,
  ]);
}

export function reportFaults(sheet: Sheet, name: string, results: readonly BurstResult[]): void {
  const label = `faults, ${name}`;
  noteBursts(sheet, { label, results });
  addFigures(sheet, { label, results }, [
    ...outcome,
    { what: 'requests that clients repeated', of: ({ retries }) => retries, unit: 'requests' },
    p99,
  ]);
}

/** What a pull may take longer than with upstream there. */
const budgetMs = 2_000;

export function reportOutage(sheet: Sheet, words: string, results: readonly OutageResult[]): void {
  const label = `upstream ${words}`;
  noteBursts(sheet, {
    label,
    results: results.map(({ during }) => during),
  });
  addFigures(sheet, { label, results }, [
    { what: 'failed pulls', of: ({ during }) => during.failed, unit: 'pulls', target: none },
    { what: 'wrong bytes', of: ({ during }) => during.wrongBytes, unit: 'bytes', target: none },
    { what: 'p99 of pulls', of: ({ during }) => during.p99Ms, unit: 'ms' },
    {
      what: 'p99 beyond that with upstream there',
      of: ({ excessMs }) => excessMs,
      unit: 'ms',
      target: atMost(budgetMs),
    },
  ]);
}

export function reportStreams(sheet: Sheet, results: readonly StreamCaseResult[]): void {
  const label = 'large layer';
  for (const { server, failures, streams } of results) {
    const words = listOf(failures);
    sheet.note(`${bench}, ${label}, ${server}: ${streams} streams, failed: ${words}.`);
  }
  addFigures(sheet, { label, results }, [
    {
      what: 'peak memory',
      of: ({ peakBytes }) => peakBytes,
      unit: 'bytes',
      target: atMost(400e6),
    },
    { what: 'failed streams', of: ({ failed }) => failed, unit: 'requests', target: none },
    { what: 'bytes a second', of: ({ bytesPerSec }) => bytesPerSec, unit: 'bytes' },
    { what: 'bytes upstream', of: ({ upstreamBytes }) => upstreamBytes, unit: 'bytes' },
  ]);
}

/** Without those that were refused for want of a token. */
function requestsFigure(kind: string, limit: number): Figure<BurstResult> {
  return {
    what: `${kind} upstream`,
    of: ({ upstream: { requests, statuses } }) =>
      (requests[kind] ?? 0) - (statuses[`${kind} 401`] ?? 0),
    unit: 'requests',
    target: atMost(limit),
  };
}

function noteBursts(sheet: Sheet, { label, results }: CaseResults<BurstResult>): void {
  for (const { server, pulls, failures, upstream, loadCores } of results) {
    const asked = listOf(upstream.statuses);
    const megabytes = Math.round(upstream.bodyBytes / 1e6);
    sheet.note(
      `${bench}, ${label}, ${server}: ${pulls} pulls; failures: ${listOf(failures)}; upstream: ${asked}, ${megabytes} MB, faults: ${listOf(upstream.faults)}; the load took ${loadCores.toFixed(2)} cores.`,
    );
  }
}

const mostNamed = 10;

function listOf(counts: Readonly<Partial<Record<string, number>>>): string {
  const all = Object.entries(counts).toSorted(([, left = 0], [, right = 0]) => right - left);
  const named = all.slice(0, mostNamed).map(([name, count]) => `${name} ${count}`);
  if (all.length > mostNamed) named.push(`${all.length - mostNamed} other kinds`);
  return named.join(', ') || 'none';
}
