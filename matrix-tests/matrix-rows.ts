import { join } from 'node:path';
import type { Ashlar } from './processes/ashlar.ts';
import { importAnswer } from './processes/answers.ts';
import { readReleases } from './releases/read-releases.ts';
import type { Row } from './row.ts';
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

const dataDir = join(import.meta.dirname, '../base-images/releases');

/** All rows that there are, those of releases first; none of their images is made yet. */
export async function matrixRows({
  ashlar,
  cacheDir,
  env,
  signal,
}: MatrixRowsOptions): Promise<readonly Row[]> {
  const releases = await readReleases(dataDir);
  const trees = createTrees(join(dataDir, 'sudoers'));
  const real = realRows({ cacheDir, env });
  const alsoReal = new Set(real.map(({ release }) => release));
  return [
    ...reconstructionRows(releases, { trees, alsoReal }),
    ...real,
    ...pulledRows(releases, { probe: (name) => probe(ashlar, name, signal) }),
    ...awkwardRows(releases, trees),
  ];
}

const probeTimeoutMs = 5 * 60_000;

/** Why an image cannot be pulled; null where it can. */
async function probe(ashlar: Ashlar, name: string, signal: AbortSignal): Promise<string | null> {
  const answer = await ashlar.call({
    args: ['image', 'import', `docker://${name}`, '-t', 'matrix:probe'],
    answer: importAnswer,
    signal,
    timeoutMs: probeTimeoutMs,
  });
  return answer.ok ? null : answer.failure.message;
}
