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
/** Who is not asked any more has no later success: what failed longer ago is no news. */
const recentMs = 5 * 60_000;
/** More failed requests than one in so many are worth a word. */
const requestsPerFault = 20;

/** Who has to look at what is slow or failing now; empty where all is well. `server` is what it calls itself. */
export function findingsOf(
  { totals, origins, nowMs }: FindingFacts,
  server: 'mirror' | 'cache',
): Finding[] {
  const findings: Finding[] = [];
  for (const state of origins) {
    const what = troubleOf(state, nowMs);
    if (what === null) continue;
    const forSec = Math.round((nowMs - (state.troubledSinceMs ?? nowMs)) / 1000);
    findings.push({
      fault: 'upstream',
      message: `${state.origin} ${what} for ${forSec} s: ${state.lastFailure}`,
    });
  }
  const recent = totals.recent();
  if (recent.lastFault !== null && recent.faults > recent.requests / requestsPerFault) {
    findings.push({
      fault: recent.lastFault.class === 'upstream' ? 'upstream' : server,
      message: `${recent.faults} of ${recent.requests} requests failed lately, the last with: ${recent.lastFault.message}`,
    });
  }
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

function troubleOf(
  { isResting, failuresInRow, limitsInRow, troubledSinceMs, lastFailureAtMs }: OriginState,
  nowMs: number,
): 'fails' | 'limits requests' | null {
  if (isResting) return 'fails';
  if (limitsInRow > 0) return 'limits requests';
  const isRecent = lastFailureAtMs !== null && nowMs - lastFailureAtMs < recentMs;
  return troubledSinceMs !== null && failuresInRow > 0 && isRecent ? 'fails' : null;
}
