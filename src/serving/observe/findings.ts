import type { OriginState } from '../../upstream/upstream.ts';
import type { Totals } from './totals.ts';

export interface Finding {
  readonly fault: 'upstream' | 'mirror' | 'cache' | 'client';
  readonly message: string;
}

export interface FindingFacts {
  readonly totals: Totals;
  readonly origins: readonly OriginState[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** A mean beyond this is worth a word. */
const slowMs = 1_000;

/** Who has to look at what is slow or failing now; empty where all is well. `server` is what it calls itself. */
export function findingsOf(
  { totals, origins, nowMs }: FindingFacts,
  server: 'mirror' | 'cache',
): Finding[] {
  const findings: Finding[] = [];
  for (const { origin, isResting, lastFailure, troubledSinceMs, limitsInRow } of origins) {
    if (!isResting && limitsInRow === 0) continue;
    const forSec = Math.round((nowMs - (troubledSinceMs ?? nowMs)) / 1000);
    const what = isResting ? 'fails' : 'limits requests';
    findings.push({
      fault: 'upstream',
      message: `${origin} ${what} for ${forSec} s: ${lastFailure}`,
    });
  }
  const recent = totals.recent();
  const meanOf = (...kinds: readonly (keyof typeof recent.byKind)[]): number =>
    kinds.reduce((sum, kind) => sum + (recent.byKind[kind] ?? 0), 0) / Math.max(1, recent.requests);
  const parts: readonly (readonly [Finding['fault'], number, string])[] = [
    ['upstream', meanOf('dns', 'connect', 'tls', 'token', 'upstream'), 'waiting for upstream'],
    [server, meanOf('queue', 'cache', 'verify'), `the ${server}'s own work`],
    ['client', meanOf('send'), 'sending, which waits for clients to read'],
  ];
  for (const [fault, meanMs, words] of parts) {
    if (meanMs < slowMs) continue;
    findings.push({
      fault,
      message: `requests take ${meanMs.toFixed(0)} ms on average lately for ${words}`,
    });
  }
  if (recent.clientsGone > recent.requests / 20) {
    findings.push({
      fault: 'client',
      message: `clients closed ${recent.clientsGone} of ${recent.requests} requests before their end lately`,
    });
  }
  return findings;
}
