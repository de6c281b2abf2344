import type { RequestKind } from '../../src/network.ts';
import type { RequestRecord } from './request-record.ts';

/** Sums over many requests. */
export interface Total {
  requests: number;
  fromCache: number;
  sentBytes: number;
  wallMs: number;
  slowestMs: number;
  failures: number;
  clientsGone: number;
  readonly byKind: Partial<Record<RequestKind, number>>;
}

/** Sums by package, by client and by build, of those that asked most lately. */
export interface Totals {
  add(record: RequestRecord): void;
  all(): Readonly<Total>;
  /** The largest by the time that was spent on them. */
  top(by: 'package' | 'client' | 'build', count: number): readonly NamedTotal[];
}

export interface NamedTotal extends Readonly<Total> {
  readonly name: string;
}

const keptNames = 5_000;
const cached: readonly string[] = ['hit', 'revalidated', 'stale', 'coalesced'];

export function createTotals(): Totals {
  const whole = emptyTotal();
  const tables = {
    package: new Map<string, Total>(),
    client: new Map<string, Total>(),
    build: new Map<string, Total>(),
  };
  return {
    add(record) {
      addTo(whole, record);
      addTo(totalOf(tables.package, record.package), record);
      addTo(totalOf(tables.client, record.address), record);
      addTo(totalOf(tables.build, record.buildId), record);
    },
    all: () => whole,
    top: (by, count) =>
      [...tables[by]]
        .map(([name, total]) => ({ name, ...total }))
        .toSorted((left, right) => right.wallMs - left.wallMs)
        .slice(0, count),
  };
}

function totalOf(table: Map<string, Total>, name: string | null): Total {
  if (name === null) return emptyTotal();
  const total = table.get(name) ?? emptyTotal();
  table.delete(name);
  table.set(name, total);
  const [oldest] = table.keys();
  if (table.size > keptNames && oldest !== undefined) table.delete(oldest);
  return total;
}

function emptyTotal(): Total {
  return {
    requests: 0,
    fromCache: 0,
    sentBytes: 0,
    wallMs: 0,
    slowestMs: 0,
    failures: 0,
    clientsGone: 0,
    byKind: {},
  };
}

function addTo(total: Total, { state, sentBytes, time, outcome }: RequestRecord): void {
  total.requests += 1;
  total.fromCache += cached.includes(state) ? 1 : 0;
  total.sentBytes += sentBytes;
  total.wallMs += time.wallMs;
  total.slowestMs = Math.max(total.slowestMs, time.wallMs);
  total.failures += outcome.kind === 'failed' ? 1 : 0;
  total.clientsGone += outcome.kind === 'client_gone' ? 1 : 0;
  for (const [kind, ms] of Object.entries(time.byKind) as [RequestKind, number][])
    total.byKind[kind] = (total.byKind[kind] ?? 0) + ms;
}
