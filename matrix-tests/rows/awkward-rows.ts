import type { KnownRelease } from '../releases/known-release.ts';
import type { Row } from '../row.ts';
import type { Trees } from '../trees/trees.ts';
import type { Awkward } from './awkward/awkward.ts';
import { awkwardLayouts } from './awkward/layouts.ts';
import { awkwardStrangers } from './awkward/strangers.ts';
import { awkwardSudoers } from './awkward/sudoers.ts';

/** Bases with a fault that people's images have, each in the reconstruction of a release where it matters. */
export const awkwardBases: readonly Awkward[] = [
  ...awkwardSudoers,
  ...awkwardLayouts,
  ...awkwardStrangers,
];

export function awkwardRows(releases: readonly KnownRelease[], trees: Trees): readonly Row[] {
  return awkwardBases.flatMap((awkward) => {
    const release = releases.find(({ id }) => id === awkward.release) ?? null;
    return release === null && awkward.release !== null ? [] : [rowOf(awkward, release, trees)];
  });
}

function rowOf(awkward: Awkward, release: KnownRelease | null, trees: Trees): Row {
  const { id, title, edit, expects, setup = [] } = awkward;
  return {
    id,
    title,
    kind: 'awkward',
    source:
      release === null
        ? 'made up, with the files that such images have'
        : `${release.title}: its reconstruction, with this fault`,
    release: release?.id ?? null,
    on: ['tree'],
    setup,
    expects,
    prepare: async (context) =>
      trees.archive(
        edit(
          release === null
            ? {}
            : await trees.reconstructed(release, awkward.sudo ?? 'with-recommends'),
        ),
        context,
      ),
  };
}
