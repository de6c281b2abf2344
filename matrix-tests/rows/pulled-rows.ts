import type { KnownRelease } from '../processes/answers.ts';
import type { Row } from '../row/row.ts';
import { archiveMoved } from './archive-moved.ts';
import { notYet } from './set-up-holds.ts';

/**
 * The published images of releases, through the registry cache where one runs. One whose registry does not answer is found
 * out when it is imported: what comes of one image says nothing of the others.
 */
export function pulledRows(releases: readonly KnownRelease[]): readonly Row[] {
  return releases.flatMap((known): readonly Row[] => {
    const { release, title, source } = known;
    if (source === null) return [];
    const moved = archiveMoved(known);
    return [
      {
        id: `${release}-pulled`,
        title: `${title}, as published`,
        kind: 'pulled',
        source: `${source}, pulled through the registry cache where one runs`,
        release,
        on: ['tree', 'container', 'boot'],
        setup: [],
        expects: {
          before: [notYet, ...moved],
          after: moved,
          holds: ['setup-complete', 'user-exists'],
        },
        prepare: async () => ({ reference: `docker://${source}`, detail: null }),
      },
    ];
  });
}
