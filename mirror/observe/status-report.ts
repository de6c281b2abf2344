import type { OriginState, TlsAuthorityFacts } from '../../src/network.ts';
import type { CacheFacts } from './metrics.ts';
import type { Registry } from '../registries/registry.ts';
import type { NamedTotal, Total, Totals } from './totals.ts';

/** What a running mirror says of itself: to programs as it is, to people as `ashlar mirror status` words it. */
export interface MirrorStatus {
  readonly upMs: number;
  readonly connections: number;
  readonly cache: CacheFacts;
  readonly registries: readonly {
    readonly name: string;
    readonly hosts: readonly string[];
    readonly upstreams: readonly string[];
    readonly access: string;
  }[];
  readonly origins: readonly OriginState[];
  readonly totals: Readonly<Total>;
  /** Who has to look at what is slow or failing now; empty where all is well. */
  readonly findings: readonly Finding[];
  readonly packages: readonly NamedTotal[];
  readonly clients: readonly NamedTotal[];
  readonly builds: readonly NamedTotal[];
  readonly authority: TlsAuthorityFacts | null;
}

export interface Finding {
  readonly fault: 'upstream' | 'mirror' | 'client';
  readonly message: string;
}

export interface StatusFacts {
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly totals: Totals;
  readonly origins: readonly OriginState[];
  readonly connections: number;
  readonly cache: CacheFacts;
  readonly registries: readonly Registry[];
  readonly authority: TlsAuthorityFacts | null;
}

const listed = 10;

export function statusReport(facts: StatusFacts): MirrorStatus {
  const { totals } = facts;
  return {
    upMs: facts.nowMs - facts.startedAtMs,
    connections: facts.connections,
    cache: facts.cache,
    registries: facts.registries.map(({ name, hosts, upstreams, access }) => ({
      name,
      hosts,
      upstreams: upstreams.map(({ href }) => href),
      access,
    })),
    origins: facts.origins,
    totals: totals.all(),
    findings: findingsOf(facts),
    packages: totals.top('package', listed),
    clients: totals.top('client', listed),
    builds: totals.top('build', listed),
    authority: facts.authority,
  };
}

/** A mean beyond this is worth a word. */
const slowMs = 1_000;

function findingsOf({ totals, origins, nowMs }: StatusFacts): Finding[] {
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
    ['upstream', meanOf('dns', 'connect', 'tls', 'upstream'), 'waiting for upstream'],
    ['mirror', meanOf('queue', 'cache', 'verify'), "the mirror's own work"],
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
