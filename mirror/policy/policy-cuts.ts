import { createHash } from 'node:crypto';
import { createRecentMap } from '../../src/network.ts';
import type { Indexes } from '../documents/indexes.ts';
import type { PolicyCuts } from '../documents/variant-edits.ts';
import type { PackumentIndex } from '../packument/packument-index.ts';
import { type FilteredPackument, filterPackument } from '../packument/policy/filter-packument.ts';
import type { Blocked, Policy } from '../packument/policy/policy.ts';
import type { ReleaseTimes } from './release-times.ts';

export interface CutsQuestion {
  readonly policy: Policy;
  readonly revision: string;
  /** The packument's. */
  readonly body: string;
  readonly releases: ReleaseTimes | null;
}

/** What a policy takes out of a packument; null for nothing. */
export type FindCuts = (question: CutsQuestion) => Promise<PolicyCuts | null>;

interface Filtered {
  readonly cuts: PolicyCuts | null;
  readonly validUntilMs: number;
  readonly editCount: number;
}

/** Counted in edits, of which a version that vanishes has two or three. */
const keptEdits = 200_000;

/** Remembers what it found until another policy, another packument, other times of release or time itself change it. */
export function createFindCuts(indexes: Indexes, nowMs: () => number): FindCuts {
  const kept = createRecentMap<Filtered>(keptEdits, ({ editCount }) => 10 + editCount);
  return async ({ policy, revision, body, releases }) => {
    const key = [revision, body, releases?.body ?? ''].join(' ');
    const known = kept.get(key);
    const atMs = nowMs();
    if (known !== undefined && atMs < known.validUntilMs) return known.cuts;
    const filter = (index: PackumentIndex): FilteredPackument =>
      filterPackument(index, policy, { nowMs: atMs, releaseTimes: releases?.byVersion ?? null });
    const index = await indexes.find(body);
    // What is gone is fetched anew; should it come back before, it is filtered all the same.
    if (index === null)
      return { name: `${key} at ${atMs}`, notice: null, edits: (found) => filter(found).edits };
    const { edits, vanished, nextChangeAtMs } = filter(index);
    const name = `${revision}-${nameOf(vanished.keys())}`;
    const notice = noticeOf(index, vanished);
    const cuts = edits.length === 0 ? null : { name, notice, edits: () => edits };
    kept.set(key, { cuts, validUntilMs: nextChangeAtMs ?? Infinity, editCount: edits.length });
    return cuts;
  };
}

/** `2 of 9 versions of one are not given out: advisory 1, minimum-age 1`. */
function noticeOf(
  { name, versions }: PackumentIndex,
  vanished: ReadonlyMap<string, Blocked>,
): string {
  const counts = new Map<string, number>();
  for (const { reason } of vanished.values()) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const reasons = [...counts].map(([reason, count]) => `${reason} ${count}`).sort();
  return `${vanished.size} of ${versions.size} versions of ${name} are not given out by this mirror's policy: ${reasons.join(', ')}`;
}

function nameOf(vanished: Iterable<string>): string {
  const versions = [...vanished].sort().join(' ');
  return createHash('sha256').update(versions).digest('hex').slice(0, 32);
}
