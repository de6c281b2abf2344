import {
  type CacheFacts,
  type Finding,
  findingsOf,
  type NamedTotal,
  type OriginState,
  type TlsAuthorityFacts,
  type Total,
  type Totals,
} from '../../src/network.ts';
import type { Registry } from '../registries/registry.ts';

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
    findings: findingsOf(facts, 'mirror'),
    packages: totals.top('subject', listed),
    clients: totals.top('client', listed),
    builds: totals.top('build', listed),
    authority: facts.authority,
  };
}
