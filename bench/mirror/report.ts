import type { Quantity, Row, Sheet, Target } from '../sheet.ts';
import type { Unit } from '../units.ts';
import { type BurstResult, patienceMs, type RateResult } from './cases.ts';

const bench = 'mirror';
const ours = 'ashlar';

export type BurstRows = 'cold' | 'faults' | 'upstream gone';

export interface Burst {
  readonly kind: BurstRows;
  readonly results: readonly BurstResult[];
  /** Of one install. */
  readonly resources: number;
}

/** Rows of a burst: Ashlar beside each peer. */
export function reportBurst(sheet: Sheet, { kind, results, resources }: Burst): void {
  for (const result of results) {
    const failures = Object.entries(result.failures).map(([name, count]) => `${name} ${count}`);
    sheet.note(
      `${bench}, ${kind}, ${result.server}: failed requests: ${failures.join(', ') || 'none'}.`,
    );
  }
  const isCold = kind === 'cold';
  const rows = rowsOf(sheet, kind, results);
  rows('p99 of requests', ({ latencyMs }) => latencyMs.p99, 'ms', {
    target: isCold ? { bound: 'at most', limit: 0.25, of: 'ratio' } : null,
    targetPeer: 'verdaccio',
  });
  rows('p50 of requests', ({ latencyMs }) => latencyMs.p50, 'ms');
  rows('requests answered', ({ requestsPerSec }) => Math.round(requestsPerSec), 'requests/s');
  rows('failed installs', ({ failedClients }) => failedClients, 'installs', { target: none });
  rows('wrong bodies', ({ wrongBodies }) => wrongBodies, 'bodies', { target: none });
  rows('peak memory', ({ peakBytes }) => peakBytes, 'bytes', {
    target: isCold ? { bound: 'at most', limit: 400e6, of: 'measured' } : null,
  });
  if (kind === 'upstream gone') return;
  // The mirror asks for the packument of each tarball as well, which the tarball is held against: a resource of its own.
  rows(
    `requests upstream for ${resources} tarballs`,
    (result) => result.upstreamRequests,
    'requests',
  );
  rows('most requests upstream for one', ({ mostForOne }) => mostForOne, 'requests', {
    target: isCold ? { bound: 'at most', limit: 1, of: 'measured' } : null,
  });
}

export function reportRecovery(
  sheet: Sheet,
  results: readonly { readonly server: string; readonly recoveryMs: number | null }[],
): void {
  for (const { server, recoveryMs } of results) {
    if (recoveryMs === null) sheet.note(`${bench}: ${server} had not recovered after a minute.`);
  }
  const known = results.map((one) => ({ ...one, recoveryMs: one.recoveryMs ?? patienceMs }));
  const rows = rowsOf(sheet, 'outage that began cold', known);
  rows('until an install works again', ({ recoveryMs }) => recoveryMs, 'ms', {
    target: { bound: 'at most', limit: 5_000, of: 'measured' },
  });
}

export function reportRate(sheet: Sheet, what: string, results: readonly RateResult[]): void {
  const rows = rowsOf(sheet, `warm, ${what}`, results);
  const isLarge = what.includes('over 100 KB');
  const isAll = what === 'tarballs' || what === 'abbreviated packuments';
  rows('requests answered', ({ requestsPerSec }) => Math.round(requestsPerSec), 'requests/s', {
    target: isAll ? { bound: 'at least', limit: 3, of: 'ratio' } : null,
    targetPeer: 'verdaccio',
  });
  rows('bytes a second', ({ bytesPerSec }) => bytesPerSec, 'bytes', {
    target: isLarge ? { bound: 'at least', limit: 0.5, of: 'ratio' } : null,
    targetPeer: 'nginx',
  });
  rows('p99 of requests', ({ p99Ms }) => p99Ms, 'ms');
  rows('peak memory', ({ peakBytes }) => peakBytes, 'bytes');
  rows('failed requests', ({ failed }) => failed, 'requests', { target: none });
}

const none: Target = { bound: 'at most', limit: 0, of: 'measured' };

interface RowOptions {
  readonly target?: Target | null;
  /** The one that a target of a ratio speaks of. */
  readonly targetPeer?: 'verdaccio' | 'nginx';
}

/** Puts one figure of all servers on the sheet: a row for each peer; without peers one for Ashlar alone. */
function rowsOf<T extends { readonly server: string }>(
  sheet: Sheet,
  label: string,
  results: readonly T[],
) {
  const own = results.find(({ server }) => server === ours);
  const peers = results.filter(({ server }) => server !== ours);
  return (
    what: string,
    figure: (result: T) => number,
    unit: Unit,
    options: RowOptions = {},
  ): void => {
    const { target = null, targetPeer } = options;
    if (own === undefined) {
      for (const peer of peers)
        sheet.note(`${bench}, ${label}, ${what}: ${peer.server} ${figure(peer)} ${unit}`);
      return;
    }
    const measured: Quantity = { value: figure(own), unit };
    const row = { bench, what: `${label}: ${what}`, measured } as const;
    const rows = peers.map((peer, index): Row => {
      const value = figure(peer);
      const isMeant = targetPeer === undefined ? index === 0 : peer.server.startsWith(targetPeer);
      return {
        ...row,
        target: isMeant ? target : null,
        peer: { name: peer.server, value, unit },
        ratio: value === 0 ? null : measured.value / value,
      };
    });
    if (peers.length === 0) rows.push({ ...row, target, peer: null, ratio: null });
    for (const one of rows) sheet.add(one);
  };
}
