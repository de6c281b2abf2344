import type { AptSource } from '../../detect/base-facts.ts';
import { type Check, failed, passed } from '../check.ts';
import { withApt } from '../concerns.ts';
import { absolute } from '../looking/modes.ts';

export const aptArchiveThere: Check = {
  id: 'apt-archive-there',
  title: 'the sources of apt are where the suites of this release are now',
  why: 'When a release has ended, its suites leave the archive for that of old releases: apt then says 404 for every file, weeks after the last build that worked.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [
    withApt,
    { words: 'releases that the data know', holds: ({ release }) => release !== null },
  ],
  look({ facts, release }) {
    const archive = release?.support.archive.value ?? 'main';
    const id = release?.os.id ?? '';
    const own = facts.apt.sources
      .filter(({ enabled }) => enabled)
      .flatMap((source) => source.uris.map((uri) => ({ source, place: placeOf(uri, id) })))
      .filter(({ place }) => place !== 'elsewhere');
    const wrong = own.find(({ place }) => place !== archive);
    if (wrong === undefined)
      return passed(
        own.length === 0
          ? 'apt reads from mirrors of its own'
          : `all are at the ${archive} archive`,
      );
    return failed(
      `${absolute(wrong.source.file)} names the ${wrong.place} archive, and the suites of ${release?.title ?? id} are at the ${archive} one`,
      archive === 'historical'
        ? 'Name the archive of old releases, or use a base that is still supported.'
        : 'Name the archive of current releases.',
      { path: wrong.source.file, line: null },
    );
  },
};

/** Whether a host is the distribution's own, told by its domain, and which of its archives it is. */
function placeOf(uri: AptSource['uris'][number], id: string): 'main' | 'historical' | 'elsewhere' {
  const labels = URL.canParse(uri) ? new URL(uri).hostname.split('.') : [];
  if (labels.at(-2) !== id) return 'elsewhere';
  const isHistorical =
    labels[0] === 'old-releases' || (labels[0] === 'archive' && labels.at(-1) === 'org');
  return isHistorical ? 'historical' : 'main';
}
