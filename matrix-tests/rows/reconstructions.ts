import type { KnownRelease } from '../releases/known-release.ts';
import { type ExpectedFailure, type Row, type RowExpectations } from '../row.ts';
import { notYet, setUpHolds } from '../set-up-holds.ts';
import type { SudoInstalled } from '../trees/reconstruct.ts';
import type { Trees } from '../trees/trees.ts';

interface Variant {
  readonly sudo: SudoInstalled;
  readonly suffix: string;
  readonly words: string;
}

const plain: Variant = { sudo: 'with-recommends', suffix: '', words: 'sudo installed' };
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
  return releases.flatMap((release) => {
    const id = alsoReal.has(release.id) ? `${release.id}-recorded` : release.id;
    return variantsOf(release).map((variant) => ({
      ...rowOf(release, variant, trees),
      id: `${id}${variant.suffix}`,
    }));
  });
}

function variantsOf({ sudo }: KnownRelease): readonly Variant[] {
  return sudo.engine.provider === sudo.engineWithoutRecommends.provider ? [plain] : [plain, lean];
}

function rowOf(release: KnownRelease, { sudo, words }: Variant, trees: Trees): Omit<Row, 'id'> {
  const engine =
    sudo === 'without-recommends' ? release.sudo.engineWithoutRecommends : release.sudo.engine;
  const text = release.sudoers.reconstructed ? 'a reconstructed sudoers file' : 'its sudoers file';
  return {
    title: release.title,
    kind: 'reconstruction',
    source: `${engine.provider} ${engine.version ?? ''}: reconstruction from recorded facts, with ${text}; ${words}`,
    release: release.id,
    on: ['tree'],
    setup: [],
    expects: expectationsOf(release),
    prepare: async (context) => trees.archive(await trees.reconstructed(release, sudo), context),
  };
}

function expectationsOf(release: KnownRelease): RowExpectations {
  const asItIs: ExpectedFailure[] =
    release.os.id === 'ubuntu' && release.support.archive === 'historical'
      ? [
          {
            check: 'apt-archive-there',
            at: `/${release.apt.sources.file}`,
            because: 'the image was published before the suites of the release moved',
          },
        ]
      : [];
  return { before: [notYet, ...asItIs], after: asItIs, holds: setUpHolds };
}
