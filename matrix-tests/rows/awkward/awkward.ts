import type { RowExpectations } from '../../row/row.ts';
import type { TreeEdit } from '../../trees/tree.ts';
import type { SudoInstall } from '../../trees/trees.ts';

/** A base as people have it: a fault in the reconstruction of a release, or one that is no release at all. */
export interface Awkward {
  readonly id: string;
  readonly title: string;
  /** Id of the release; null for what is of none, whose tree is made by the edit alone. */
  readonly release: string | null;
  /** `installed` where it is left out. */
  readonly sudo?: SudoInstall;
  readonly edit: TreeEdit;
  /** More options of `ashlar base setup`. */
  readonly setup?: readonly string[];
  readonly expects: RowExpectations;
}
