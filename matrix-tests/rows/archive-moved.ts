import type { KnownRelease } from '../processes/answers.ts';
import type { ExpectedFailure } from '../row/row.ts';

/** What fails in the image of a release whose suites have moved since it was published, and is not for a setup to mend. */
export function archiveMoved({ support, apt }: KnownRelease): readonly ExpectedFailure[] {
  if (support.archive === 'main') return [];
  return [
    {
      check: 'apt-archive-there',
      at: `/${apt.sources}`,
      because: 'the image was published before the suites of the release moved',
    },
  ];
}
