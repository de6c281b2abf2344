import { knownReleases } from './known-releases.ts';
import type { Ashlar } from './processes/ashlar.ts';
import type { Row } from './row/row.ts';
import { awkwardRows } from './rows/awkward-rows.ts';
import { pulledRows } from './rows/pulled-rows.ts';
import { realRows } from './rows/real-rows.ts';
import { reconstructionRows } from './rows/reconstructions.ts';
import { createTrees } from './trees/trees.ts';

export interface MatrixRowsOptions {
  readonly ashlar: Ashlar;
  /** Trees made of packages are kept here. */
  readonly cacheDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/**
 * All rows that there are, those of releases first; none of their images is made yet. Throws where a row is of a release
 * that is not known: it would be missed by nobody.
 */
export async function matrixRows({
  ashlar,
  cacheDir,
  env,
  signal,
}: MatrixRowsOptions): Promise<readonly Row[]> {
  const releases = await knownReleases(ashlar, signal);
  const trees = createTrees(ashlar, signal);
  const real = realRows({ cacheDir, env });
  const alsoReal = new Set(real.map(({ release }) => release));
  const rows = [
    ...reconstructionRows(releases, { trees, alsoReal }),
    ...real,
    ...pulledRows(releases.filter(({ release }) => !alsoReal.has(release))),
    ...awkwardRows(releases, trees),
  ];
  const lost = rows.find(
    (row) => !releases.some(({ release }) => release === (row.release ?? release)),
  );
  if (lost !== undefined)
    throw new Error(`the row ${lost.id} is of ${lost.release ?? ''}, which is not known`);
  return rows;
}
