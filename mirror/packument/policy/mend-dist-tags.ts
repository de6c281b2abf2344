import { parse, type SemVer } from 'semver';
import type { PackumentIndex, PackumentVersion } from '../packument-index.ts';

/** The dist-tags that change when versions vanish: to another version, or to nothing (null). */
export type TagChanges = ReadonlyMap<string, string | null>;

/**
 * What becomes of the dist-tags of versions that vanish.
 *
 * `latest` goes to the best of what remains, as clients install it unasked: of versions that are no prereleases first, then of
 * those below the one that vanished (a higher one was never declared the latest), then of those that are not deprecated, the highest.
 * Any other tag vanishes with its version: what it means to the package's makers is not known, so who asks for it is told that
 * there is none, and does not get something else. Tags that named no version of this packument are left alone.
 */
export function mendDistTags(index: PackumentIndex, vanished: ReadonlySet<string>): TagChanges {
  const changes = new Map<string, string | null>();
  for (const { tag, version } of index.distTags.values()) {
    if (!vanished.has(version)) continue;
    changes.set(tag, tag === 'latest' ? bestOf(index, vanished, version) : null);
  }
  return changes;
}

interface Candidate {
  readonly version: PackumentVersion;
  readonly parsed: SemVer;
}

function bestOf(
  index: PackumentIndex,
  vanished: ReadonlySet<string>,
  latest: string,
): string | null {
  const former = parse(latest, { loose: true });
  let best: Candidate | null = null;
  for (const version of index.versions.values()) {
    if (vanished.has(version.version)) continue;
    const parsed = parse(version.version, { loose: true });
    if (parsed === null) continue;
    const candidate = { version, parsed };
    if (best === null || compareCandidates(candidate, best, former) > 0) best = candidate;
  }
  return best?.version.version ?? null;
}

function compareCandidates(a: Candidate, b: Candidate, former: SemVer | null): number {
  return (
    Number(isRelease(a)) - Number(isRelease(b)) ||
    Number(isBelow(a, former)) - Number(isBelow(b, former)) ||
    Number(!a.version.isDeprecated) - Number(!b.version.isDeprecated) ||
    a.parsed.compare(b.parsed)
  );
}

function isRelease({ parsed }: Candidate): boolean {
  return parsed.prerelease.length === 0;
}

function isBelow({ parsed }: Candidate, former: SemVer | null): boolean {
  return former === null || parsed.compare(former) < 0;
}
