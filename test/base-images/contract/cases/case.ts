import type { FindingFailure } from '../../../../base-images/contract/finding.ts';
import { baseWith, goodBase, goodPackages, packages } from '../support/good-base.ts';
import { machine, runner, type Answer } from '../support/good-runs.ts';
import type { Subject } from '../support/look-at.ts';

/** A check with a base on which it passes, and one on which it fails. */
export interface Case {
  /** Left out where the good base passes. */
  readonly passes?: Subject;
  readonly fails: Subject;
  /** In the first line of the evidence. */
  readonly says: RegExp;
  readonly acts: FindingFailure['class'];
  /** `path` or `path:line`; null where no file is at fault. */
  readonly at: string | null;
}

/** By the id of the check. */
export type Cases = Readonly<Record<string, Case>>;

type Changes = Parameters<typeof baseWith>[0];

export function tree(changes: Changes): Subject {
  return { tree: baseWith(changes) };
}

export function container(answer: Answer, changes: Changes = {}): Subject {
  return { tree: baseWith(changes), run: runner(answer) };
}

export function booted(changes: Parameters<typeof machine>[0]): Subject {
  return { tree: goodBase, boot: machine(changes) };
}

/** The package database of the good base, with other versions of these. */
export function withStatus(versions: Readonly<Record<string, string>>): string {
  return packages({ ...goodPackages, ...versions });
}
