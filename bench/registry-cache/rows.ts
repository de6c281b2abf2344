import type { Row, Sheet, Target } from '../sheet.ts';
import { formatValue, type Unit } from '../units.ts';
import { ours } from './ashlar-cache.ts';
import { dockerRegistry } from './docker-registry.ts';

export const bench = 'registry-cache';

export const none: Target = { bound: 'at most', limit: 0, of: 'measured' };

export function atMost(limit: number, of: Target['of'] = 'measured'): Target {
  return { bound: 'at most', limit, of };
}

/** One figure of all servers; a target of a ratio speaks of docker-registry. */
export interface Figure<T> {
  readonly what: string;
  readonly of: (result: T) => number;
  readonly unit: Unit;
  readonly target?: Target;
}

export interface CaseResults<T> {
  readonly label: string;
  readonly results: readonly T[];
}

/** Puts figures on the sheet: a row for each peer, without peers one for Ashlar alone, without Ashlar a note. */
export function addFigures<T extends { readonly server: string }>(
  sheet: Sheet,
  { label, results }: CaseResults<T>,
  figures: readonly Figure<T>[],
): void {
  const own = results.find(({ server }) => server === ours);
  const peers = results.filter(({ server }) => server !== ours);
  for (const { what, of, unit, target = null } of figures) {
    if (own === undefined) {
      const values = peers.map((peer) => `${peer.server} ${formatValue(of(peer), unit)}`);
      if (values.length > 0) sheet.note(`${bench}, ${label}, ${what}: ${values.join(', ')}`);
      continue;
    }
    const measured = { value: of(own), unit };
    const row = { bench, what: `${label}: ${what}`, measured };
    for (const peer of peers) {
      const value = of(peer);
      sheet.add({
        ...row,
        target: peer.server === dockerRegistry.name ? target : null,
        peer: { name: peer.server, value, unit },
        ratio: value === 0 ? null : measured.value / value,
      } satisfies Row);
    }
    if (peers.length === 0) sheet.add({ ...row, target, peer: null, ratio: null });
  }
}
