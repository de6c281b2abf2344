import type { KnownRelease } from '../processes/answers.ts';
import type { Row } from '../row/row.ts';
import type { Trees } from '../trees/trees.ts';
import type { Awkward } from './awkward/awkward.ts';
import { fedora } from './awkward/fedora.ts';
import { awkwardLayouts } from './awkward/layouts.ts';
import { awkwardStrangers } from './awkward/strangers.ts';
import { awkwardSudoers } from './awkward/sudoers.ts';

/** Bases with a fault that people's images have, each in the reconstruction of a release where it matters. */
export const awkwardBases: readonly Awkward[] = [
  ...awkwardSudoers,
  ...awkwardLayouts,
  ...awkwardStrangers,
  fedora,
];

export function awkwardRows(releases: readonly KnownRelease[], trees: Trees): readonly Row[] {
  const titles = new Map(releases.map(({ release, title }) => [release, title]));
  return awkwardBases.map(({ id, title, release, sudo = 'installed', ...awkward }) => ({
    id,
    title,
    kind: 'awkward',
    source:
      release === null
        ? 'made up, with the files that such images have'
        : `${titles.get(release) ?? release}: its reconstruction, with this fault`,
    release,
    on: ['tree'],
    setup: awkward.setup ?? [],
    expects: awkward.expects,
    prepare: async ({ tempDir }) => {
      const tree = release === null ? {} : await trees.reconstructed(release, sudo);
      return { reference: await trees.archive(awkward.edit(tree), tempDir), detail: null };
    },
  }));
}
