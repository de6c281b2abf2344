import type { ErrorClass } from '../../errors/catalogue.ts';
import { type RequestKind, requestKinds } from '../../ledger/request-ledger.ts';
import type { ServedRequest } from './served-request.ts';

/** Sums over many requests. */
export interface Total {
  requests: number;
  fromCache: number;
  sentBytes: number;
  wallMs: number;
  slowestMs: number;
  failures: number;
  /** Of the failures, those that are not for the client to mend. */
  faults: number;
  lastFault: { readonly class: ErrorClass; readonly message: string } | null;
  clientsGone: number;
  readonly byKind: Partial<Record<RequestKind, number>>;
}

/** Sums by package or repository, by client and by build, of those that asked most lately. */
export interface Totals {
  add(record: ServedRequest): void;
  all(): Readonly<Total>;
  /** Of the last minutes: what an hour ago was slow is no news. */
  recent(): Readonly<Total>;
  /** The largest by the time that was spent on them. */
  top(by: 'subject' | 'client' | 'build', count: number): readonly NamedTotal[];
}

export interface NamedTotal extends Readonly<Total> {
  readonly name: string;
}

const keptNames = 5_000;
const cached: readonly string[] = ['hit', 'revalidated', 'stale', 'coalesced'];

export function createTotals(nowMs: () => number): Totals {
  const whole = emptyTotal();
  const window = createWindow(nowMs);
  const tables = {
    subject: new Map<string, Total>(),
    client: new Map<string, Total>(),
    build: new Map<string, Total>(),
  };
  return {
    add(record) {
      addTo(whole, record);
      addTo(window.current(), record);
      addTo(totalOf(tables.subject, record.subject), record);
      addTo(totalOf(tables.client, record.address), record);
      addTo(totalOf(tables.build, record.buildId), record);
    },
    all: () => whole,
    recent: window.sum,
    top: (by, count) =>
      [...tables[by]]
        .map(([name, total]) => ({ name, ...total }))
        .toSorted((left, right) => right.wallMs - left.wallMs)
        .slice(0, count),
  };
}

const windowMinutes = 5;

/** A sum for each of the last minutes in which there was something. */
function createWindow(nowMs: () => number): { current(): Total; sum(): Total } {
  const minutes = new Map<number, Total>();
  const minuteNow = (): number => {
    const now = Math.floor(nowMs() / 60_000);
    for (const minute of minutes.keys()) if (minute <= now - windowMinutes) minutes.delete(minute);
    return now;
  };
  return {
    current() {
      const minute = minuteNow();
      const total = minutes.get(minute) ?? emptyTotal();
      minutes.set(minute, total);
      return total;
    },
    sum() {
      minuteNow();
      return [...minutes.values()].reduce(sumOf, emptyTotal());
    },
  };
}

function sumOf(left: Total, right: Total): Total {
  const kinds = Object.keys({ ...left.byKind, ...right.byKind }) as RequestKind[];
  return {
    requests: left.requests + right.requests,
    fromCache: left.fromCache + right.fromCache,
    sentBytes: left.sentBytes + right.sentBytes,
    wallMs: left.wallMs + right.wallMs,
    slowestMs: Math.max(left.slowestMs, right.slowestMs),
    failures: left.failures + right.failures,
    faults: left.faults + right.faults,
    lastFault: right.lastFault ?? left.lastFault,
    clientsGone: left.clientsGone + right.clientsGone,
    byKind: Object.fromEntries(
      kinds.map((kind) => [kind, (left.byKind[kind] ?? 0) + (right.byKind[kind] ?? 0)]),
    ),
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
    faults: 0,
    lastFault: null,
    clientsGone: 0,
    byKind: {},
  };
}

const faultClasses: readonly ErrorClass[] = ['upstream', 'operator', 'platform'];

function faultOf(outcome: ServedRequest['outcome']): Total['lastFault'] {
  if (outcome.kind !== 'failed' || !faultClasses.includes(outcome.class)) return null;
  const { message, hint } = outcome;
  const mend = outcome.class === 'operator' ? `. ${hint}` : '';
  return { class: outcome.class, message: `${message}${mend}` };
}

/** Thousands of requests a second come here, five times each. */
function addTo(total: Total, { state, sentBytes, time, outcome }: ServedRequest): void {
  const lastFault = faultOf(outcome);
  total.requests += 1;
  total.fromCache += cached.includes(state) ? 1 : 0;
  total.sentBytes += sentBytes;
  total.wallMs += time.wallMs;
  total.slowestMs = Math.max(total.slowestMs, time.wallMs);
  total.failures += outcome.kind === 'failed' ? 1 : 0;
  total.faults += lastFault === null ? 0 : 1;
  total.lastFault = lastFault ?? total.lastFault;
  total.clientsGone += outcome.kind === 'client_gone' ? 1 : 0;
  for (const kind of requestKinds) {
    const ms = time.byKind[kind];
    if (ms !== undefined) total.byKind[kind] = (total.byKind[kind] ?? 0) + ms;
  }
}
