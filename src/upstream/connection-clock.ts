import { createRecentMap } from '../flow/recent-map.ts';
import type { NetworkTiming } from './timed-connector.ts';

/** What the time from a request to the head of its answer went to, in milliseconds. */
export interface ResponseTiming {
  readonly dnsMs: number;
  readonly connectMs: number;
  readonly tlsMs: number;
  /** What none of the others explains: the upstream's own time, and waiting for a free connection. */
  readonly waitMs: number;
}

/** Shares out among requests the time that connections to their hosts took. */
export interface ConnectionClock {
  book(timing: NetworkTiming): void;
  /** Begins a request to `host`; call the result with how long it took. */
  begin(host: string): (tookMs: number) => ResponseTiming;
}

/** Redirects and documents name any number of hosts. */
const keptHosts = 1_000;

type Step = 'dns' | 'connect' | 'tls';
type Totals = Record<Step, { sumMs: number; count: number }>;

/**
 * The client opens connections for whoever comes first, so which request waited for which is not known: each is given the
 * mean of those that were opened to its host while it ran, and never more than it took.
 */
export function createConnectionClock(): ConnectionClock {
  const byHost = createRecentMap<Totals>(keptHosts);
  const totalsOf = (host: string): Totals => {
    const known = byHost.get(host);
    if (known !== undefined) return known;
    const made = { dns: none(), connect: none(), tls: none() };
    byHost.set(host, made);
    return made;
  };
  return {
    book({ kind, subject, durationMs }) {
      if (kind === 'registry') return;
      const totals = totalsOf(subject)[kind];
      totals.sumMs += durationMs;
      totals.count += 1;
    },
    begin(host) {
      const totals = totalsOf(host);
      const before = {
        dns: { ...totals.dns },
        connect: { ...totals.connect },
        tls: { ...totals.tls },
      };
      return (tookMs) => {
        let leftMs = tookMs;
        const take = (step: Step): number => {
          const count = totals[step].count - before[step].count;
          const meanMs = count === 0 ? 0 : (totals[step].sumMs - before[step].sumMs) / count;
          const ownMs = Math.min(leftMs, meanMs);
          leftMs -= ownMs;
          return ownMs;
        };
        const [dnsMs, connectMs, tlsMs] = [take('dns'), take('connect'), take('tls')];
        return { dnsMs, connectMs, tlsMs, waitMs: leftMs };
      };
    },
  };
}

function none(): { sumMs: number; count: number } {
  return { sumMs: 0, count: 0 };
}
