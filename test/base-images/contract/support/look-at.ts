import { checkBase, type CheckBaseOptions } from '../../../../base-images/contract/check-base.ts';
import type { Finding } from '../../../../base-images/contract/finding.ts';
import { detectBase } from '../../../../base-images/detect/detect-base.ts';
import { loadReleases } from '../../../../base-images/releases/load-releases.ts';
import { type Sketches, storedSketch } from '../../support/sketched-files.ts';
import { bootTimeMs } from './good-runs.ts';

/** An image in few words, and what runs of it say. */
export interface Subject extends Partial<
  Pick<CheckBaseOptions, 'run' | 'boot' | 'plan' | 'user' | 'hostArchitecture'>
> {
  readonly tree: Sketches;
  readonly treeBefore?: Sketches;
}

const releases = await loadReleases();

/** What the contract says of a subject: its files are stored, looked at and judged as those of any image. */
export async function findingsOn(
  { tree, treeBefore, ...options }: Subject,
  ids?: readonly string[],
): Promise<readonly Finding[]> {
  const files = await storedSketch(tree);
  const facts = await detectBase(files, { releases });
  const known = facts.release ?? facts.derivedFrom;
  return checkBase(
    {
      files,
      facts,
      release: releases.find(({ id }) => id === known) ?? null,
      hostArchitecture: 'amd64',
      nowMs: () => bootTimeMs,
      ...(treeBefore === undefined ? {} : { before: await storedSketch(treeBefore) }),
      ...options,
    },
    ids === undefined ? {} : { ids },
  );
}

export async function findingOn(subject: Subject, id: string): Promise<Finding> {
  const [finding] = await findingsOn(subject, [id]);
  if (finding === undefined) throw new Error(`there is no finding of ${id}`);
  return finding;
}
