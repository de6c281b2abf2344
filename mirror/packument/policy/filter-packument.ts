import type { Edit } from '../edits.ts';
import type { Member, PackumentIndex } from '../packument-index.ts';
import { mendDistTags, type TagChanges } from './mend-dist-tags.ts';
import type { Blocked, Policy } from './policy.ts';

export interface FilterOptions {
  readonly nowMs: number;
  /** Times of release, from the full packument, for a document that has none. Its own are used where these are silent. */
  readonly releaseTimes: ReadonlyMap<string, number> | null;
}

export interface FilteredPackument {
  /** The versions that are taken out, and why. */
  readonly vanished: ReadonlyMap<string, Blocked>;
  readonly tagChanges: TagChanges;
  /** In the order of the document; none when nothing vanishes. */
  readonly edits: readonly Edit[];
  /** When time alone would next change the result; null when it never does. */
  readonly nextChangeAtMs: number | null;
}

/**
 * What a policy leaves of a packument: which versions vanish from `versions` and `time`, what becomes of `dist-tags`
 * (`mendDistTags`), and the edits that make it so. Nothing else of the document changes, and it stays valid JSON, also when all goes.
 */
export function filterPackument(
  index: PackumentIndex,
  policy: Policy,
  { nowMs, releaseTimes }: FilterOptions,
): FilteredPackument {
  const vanished = new Map<string, Blocked>();
  let nextChangeAtMs: number | null = null;
  for (const version of index.versions.keys()) {
    const releasedAtMs = releaseTimes?.get(version) ?? index.releaseTimes.get(version) ?? null;
    const decision = policy.decide({ name: index.name, version, releasedAtMs, nowMs });
    if (decision.isAllowed) continue;
    vanished.set(version, decision);
    const { allowedFromMs } = decision;
    if (allowedFromMs !== null && allowedFromMs < (nextChangeAtMs ?? Infinity))
      nextChangeAtMs = allowedFromMs;
  }
  const tagChanges = mendDistTags(index, new Set(vanished.keys()));
  return { vanished, tagChanges, edits: filterEdits(index, vanished, tagChanges), nextChangeAtMs };
}

function filterEdits(
  index: PackumentIndex,
  vanished: ReadonlyMap<string, Blocked>,
  tagChanges: TagChanges,
): Edit[] {
  const { versions, time, distTags } = index.members;
  return [
    ...cutMembers(versions, ({ key }) => vanished.has(key)),
    ...cutMembers(time, ({ key }) => vanished.has(key)),
    ...cutMembers(distTags, ({ key }) => tagChanges.get(key) === null),
    ...movedTags(index, tagChanges),
  ].sort((a, b) => a.start - b.start);
}

function movedTags(index: PackumentIndex, tagChanges: TagChanges): Edit[] {
  return [...tagChanges].flatMap(([tag, version]) => {
    const range = index.distTags.get(tag)?.range;
    if (version === null || range === undefined) return [];
    return [{ ...range, replacement: Buffer.from(JSON.stringify(version)) }];
  });
}

const nothing = Buffer.alloc(0);

/**
 * Takes members out of an object. One goes with the comma before it, unless all before it go too: then with the one after
 * it; so what remains is joined by single commas whichever go.
 */
function cutMembers(members: readonly Member[], isCut: (member: Member) => boolean): Edit[] {
  const edits: Edit[] = [];
  let keptBefore = false;
  for (const [at, member] of members.entries()) {
    if (!isCut(member)) {
      keptBefore = true;
      continue;
    }
    const before = members[at - 1];
    const after = members[at + 1];
    const start = keptBefore && before !== undefined ? before.end : member.start;
    const end = keptBefore || after === undefined ? member.end : after.start;
    edits.push({ start, end, replacement: nothing });
  }
  return edits;
}
