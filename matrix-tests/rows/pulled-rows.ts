import type { KnownRelease } from '../releases/known-release.ts';
import { nothingExpected, type Row } from '../row.ts';
import { notYet } from '../set-up-holds.ts';

export interface PulledRowsOptions {
  /** Why this image cannot be pulled; null where it can. */
  readonly probe: (name: string) => Promise<string | null>;
}

const distribution = 'ubuntu';

/** The published images of Docker Hub, through the registry cache where one runs. */
export function pulledRows(
  releases: readonly KnownRelease[],
  { probe }: PulledRowsOptions,
): readonly Row[] {
  // What one of them finds out is so for the others.
  let answer: Promise<string | null> | undefined;
  return releases
    .filter(({ os }) => os.id === distribution)
    .map((release) => {
      const name = `${distribution}:${release.os.versionId}`;
      return {
        id: `${release.id}-pulled`,
        title: `${release.title}, as published`,
        kind: 'pulled',
        source: `docker.io/library/${name}, pulled through the registry cache where one runs`,
        release: release.id,
        on: ['tree', 'container', 'boot'],
        setup: [],
        expects: { ...nothingExpected, before: [notYet], holds: ['setup-complete', 'user-exists'] },
        prepare: async () => {
          answer ??= probe(name);
          const missing = await answer;
          return missing === null
            ? { reference: `docker://${name}`, detail: name }
            : { missing: `Docker Hub cannot be reached: ${missing}` };
        },
      };
    });
}
