import { matchesShellPattern } from '../shell-pattern.ts';
import type { Snapshot } from '../snapshot.ts';

/** A rule with more stars than that is looked up no further. */
const maxListedDirectories = 256;

/**
 * The paths that glob(3) makes of a pattern, as far as they end in `name`, or in a slash where the pattern does. Whether there is a file of
 * that name is not looked at. Names that begin with a dot want a dot in the pattern.
 */
export function expandGlob(pattern: string, name: string, snapshot: Snapshot): string[] {
  const parts = pattern.split('/').slice(1);
  const last = parts.pop() ?? '';
  if (last !== '' && !fits(last, name)) return [];
  const budget = { listings: maxListedDirectories };
  let places = [''];
  for (const part of parts) {
    places = places.flatMap((place) =>
      /[?*[]/.test(part)
        ? directoriesIn(place, part, { snapshot, budget })
        : [`${place}/${part.replace(/\\([^])/g, '$1')}`],
    );
  }
  return places.map((place) => `${place}/${last === '' ? '' : name}`);
}

function directoriesIn(
  place: string,
  part: string,
  { snapshot, budget }: { snapshot: Snapshot; budget: { listings: number } },
): string[] {
  const directory = place || '/';
  if (budget.listings === 0 || !isDirectory(directory, snapshot)) return [];
  budget.listings -= 1;
  const found = (snapshot.names(directory) ?? []).filter((name) => fits(part, name));
  return found.map((name) => `${place}/${name}`).filter((path) => isDirectory(path, snapshot));
}

function fits(part: string, name: string): boolean {
  const isHidden = name.startsWith('.') && !/^\\?\./.test(part);
  return !isHidden && matchesShellPattern(part, name, { pathname: true });
}

function isDirectory(path: string, snapshot: Snapshot): boolean {
  const looked = snapshot.look(path);
  return looked.error === null && looked.type === 'directory';
}
