import type { Looked, Snapshot } from '../snapshot.ts';
import type { ClassicFeatures } from './classic-features.ts';

export interface PathListOptions {
  readonly snapshot: Snapshot;
  readonly features: ClassicFeatures;
  readonly program: 'sudo' | 'visudo';
}

/** Newer versions take a list of paths with colons for the path of an include. */
export interface PathLists {
  pathsOf(list: string): readonly string[];
  /** The first in a list of paths that there is; the first of all where there is none. */
  firstOf(paths: readonly string[]): Found;
  /** The list by which an open file was found. */
  listOf(path: string): string;
  opened(path: string, list: string): void;
}

export interface Found {
  readonly path: string;
  readonly looked: Looked;
}

export const missing = 'No such file or directory';

const nowhere: Looked = { error: missing };

export function createPathLists({ snapshot, features, program }: PathListOptions): PathLists {
  const lists = new Map<string, string>();
  /** What visudo opened, by the first path in the list: there it looks first. */
  const knownAs = new Map<string, string>();
  const pathsOf: PathLists['pathsOf'] = (list) =>
    features.pathLists ? list.split(':').filter((path) => path !== '') : [list];
  return {
    pathsOf,
    firstOf: (paths) => {
      const first = paths[0] ?? '';
      const known = program === 'visudo' ? knownAs.get(first) : undefined;
      for (const path of known === undefined ? paths : [known]) {
        // What is relative begins where sudo was called, which nobody knows.
        const looked = path.startsWith('/') ? snapshot.look(path) : nowhere;
        if (looked.error !== missing) return { path, looked };
      }
      return { path: first, looked: nowhere };
    },
    listOf: (path) => lists.get(path) ?? path,
    opened: (path, list) => {
      lists.set(path, list);
      knownAs.set(pathsOf(list)[0] ?? path, path);
    },
  };
}
