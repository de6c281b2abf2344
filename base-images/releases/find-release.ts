import { AshlarError } from '../../src/index.ts';
import type { Release } from './release.ts';

/**
 * The release of this name: its id (`ubuntu-18.04`), distribution and version or codename with a colon, dash or space
 * between them as in the name of an image (`ubuntu:18.04`, `debian:bookworm-slim`, `docker.io/library/debian:12.5`), the
 * codename alone, or the version alone. Throws `release_unknown`, with the names that there are.
 */
export function findRelease(releases: readonly Release[], name: string): Release {
  const found = lookUpRelease(releases, name);
  if (found !== null) return found;
  const known = releases.map(({ id }) => id);
  throw new AshlarError(
    'release_unknown',
    `no release is known as ${JSON.stringify(name.slice(0, 100))}; there are ${known.join(', ')}`,
    { data: { name: name.slice(0, 100), known } },
  );
}

/** The same; null where there is none, or more than one. */
export function lookUpRelease(releases: readonly Release[], name: string): Release | null {
  const plain = name
    .toLowerCase()
    .trim()
    .replace(/^.*\//, '')
    .replace(/@.*$/, '')
    .replace(/-slim$/, '');
  const found = releases.filter((release) => namesOf(release).has(plain));
  if (found.length === 1) return found[0] ?? null;
  // Of a point release; Debian's have a number of their own.
  const point = /^(.*\d)\.\d+$/.exec(plain)?.[1];
  return point === undefined ? null : lookUpRelease(releases, point);
}

function namesOf({ id, os }: Release): ReadonlySet<string> {
  const versions = [os.versionId, os.codename];
  const together = [':', '-', ' ', ''].flatMap((between) =>
    versions.map((version) => `${os.id}${between}${version}`),
  );
  return new Set([id, ...versions, ...together]);
}
