import type { KnownRelease } from '../processes/answers.ts';
import type { Row, RowExpectations } from '../row/row.ts';
import type { SudoInstall, Trees } from '../trees/trees.ts';
import { archiveMoved } from './archive-moved.ts';
import { notYet, setUpHolds } from './set-up-holds.ts';

interface Variant {
  readonly sudo: Exclude<SudoInstall, 'as-in-image'>;
  readonly suffix: string;
  readonly words: string;
}

const plain: Variant = { sudo: 'installed', suffix: '', words: 'sudo installed' };
const lean: Variant = {
  sudo: 'without-recommends',
  suffix: '-no-recommends',
  words: 'sudo installed without what it recommends',
};

export interface ReconstructionOptions {
  readonly trees: Trees;
  /** Releases that have rows of real images, whose ids are those of the releases. */
  readonly alsoReal: ReadonlySet<string | null>;
}

/** A row for each release, from what is recorded of it; two where it depends on how sudo was installed which sudo answers. */
export function reconstructionRows(
  releases: readonly KnownRelease[],
  { trees, alsoReal }: ReconstructionOptions,
): readonly Row[] {
  return releases.flatMap((known) => {
    const { release } = known;
    const id = alsoReal.has(release) ? `${release}-recorded` : release;
    return variantsOf(known).map((variant) => ({
      ...rowOf(known, variant, trees),
      id: `${id}${variant.suffix}`,
    }));
  });
}

function variantsOf({ engines }: KnownRelease): readonly Variant[] {
  const { installed, withoutRecommends } = engines;
  return installed.provider === withoutRecommends.provider ? [plain] : [plain, lean];
}

function rowOf(known: KnownRelease, { sudo, words }: Variant, trees: Trees): Omit<Row, 'id'> {
  const { release, title, engines } = known;
  const engine = sudo === 'installed' ? engines.installed : engines.withoutRecommends;
  const text = known.sudoers.reconstructed ? 'a reconstructed sudoers file' : 'its sudoers file';
  return {
    title,
    kind: 'reconstruction',
    source: `${engine.provider} ${engine.version ?? ''}: reconstruction from recorded facts, with ${text}; ${words}`,
    release,
    on: ['tree'],
    setup: [],
    expects: expectationsOf(known),
    prepare: async ({ tempDir }) => {
      const tree = await trees.reconstructed(release, sudo);
      return { reference: await trees.archive(tree, tempDir), detail: null };
    },
  };
}

/** Where no archive is recorded, the tree names one that is nobody's, and does not move. */
function expectationsOf(known: KnownRelease): RowExpectations {
  const asItIs = known.apt.archive === null ? [] : archiveMoved(known);
  return { before: [notYet, ...asItIs], after: asItIs, holds: setUpHolds };
}
