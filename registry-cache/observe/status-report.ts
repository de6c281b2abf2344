import {
  type CacheFacts,
  type Finding,
  findingsOf,
  type NamedTotal,
  type OriginState,
  type StatusBasis,
  type Total,
} from '../../src/network.ts';
import type { CachedRegistry } from '../config/cached-registry.ts';
import type { RateLimit, RateLimits } from '../upstream/rate-limits.ts';
import type { RegistryState } from '../upstream/registry-source.ts';

/** What a running cache says of itself: to programs as it is, to people as `ashlar registry-cache status` words it. */
export interface CacheStatus {
  readonly upMs: number;
  readonly connections: number;
  readonly cache: CacheFacts;
  readonly registries: readonly RegistryStatus[];
  readonly totals: Readonly<Total>;
  /** Who has to look at what is slow or failing now; empty where all is well. */
  readonly findings: readonly Finding[];
  readonly repositories: readonly NamedTotal[];
  readonly clients: readonly NamedTotal[];
  readonly builds: readonly NamedTotal[];
}

export interface RegistryStatus {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly endpoints: readonly string[];
  readonly origins: readonly OriginState[];
  /** What is left of its limit, as it said last; null where it has said nothing. */
  readonly rateLimit: RateLimit | null;
}

export interface StatusFacts extends StatusBasis {
  readonly registries: readonly CachedRegistry[];
  readonly states: readonly RegistryState[];
  readonly rateLimits: RateLimits;
}

const listed = 10;
/** Below this share of a limit somebody should look at it. */
const lowShare = 0.1;

export function statusReport(facts: StatusFacts): CacheStatus {
  const { totals, states, rateLimits } = facts;
  const registries = facts.registries.map(({ name, aliases, endpoints }) => ({
    name,
    aliases,
    endpoints: endpoints.map(({ href }) => href),
    origins: states.find(({ registry }) => registry === name)?.origins ?? [],
    rateLimit: rateLimits.of(name),
  }));
  return {
    upMs: facts.nowMs - facts.startedAtMs,
    connections: facts.connections,
    cache: facts.cache,
    registries,
    totals: totals.all(),
    findings: [...findingsOf(facts, 'cache'), ...registries.flatMap(lowLimit)],
    repositories: totals.top('subject', listed),
    clients: totals.top('client', listed),
    builds: totals.top('build', listed),
  };
}

function lowLimit({ name, rateLimit }: RegistryStatus): readonly Finding[] {
  if (rateLimit === null || rateLimit.remaining > rateLimit.limit * lowShare) return [];
  const { remaining, limit, windowSec } = rateLimit;
  const window = windowSec === null ? '' : ` in ${Math.round(windowSec / 3600)} h`;
  const message = `${name} has ${remaining} of ${limit} pulls${window} left; a credential for it would raise the limit`;
  return [{ fault: 'upstream', message }];
}
