import type { CheckPlace } from './check-place.ts';
import type { TreeSource } from './tree-source.ts';

/** Where a row's image comes from, and so how much of it is true. */
export const rowKinds = ['reconstruction', 'real', 'pulled', 'awkward'] as const;

/**
 * `reconstruction`: a tree made of recorded facts, whose programs are empty; `real`: made from a distribution's own packages;
 * `pulled`: the published image; `awkward`: a reconstruction with a fault that people's images have, or a tree in the shape of
 * another distribution.
 */
export type RowKind = (typeof rowKinds)[number];

/** One image of the matrix. */
export interface Row {
  /** Lower case, digits, dots and dashes; stays what it is, as reports are compared by it. */
  readonly id: string;
  readonly title: string;
  readonly kind: RowKind;
  /** In words, for the row's header: of what the image is made. */
  readonly source: string;
  /** Id of the release that it is, or was made from; null for an image of none. */
  readonly release: string | null;
  /** What can be looked at: programs of a reconstruction cannot be run. */
  readonly on: readonly CheckPlace[];
  /** More options of `ashlar base setup`. */
  readonly setup: readonly string[];
  readonly expects: RowExpectations;
  /** Makes or finds the image. It may take minutes; what is made lies in the temporary directory or in the cache. */
  readonly prepare: (context: PrepareContext) => Promise<TreeSource | Missing>;
}

export interface PrepareContext {
  /** Of this row alone. */
  readonly tempDir: string;
  readonly signal: AbortSignal;
  readonly say: (words: string) => void;
}

/** The image cannot be had here. */
export interface Missing {
  readonly missing: string;
}

export interface RowExpectations {
  /** Checks that must fail in the base as it is: that they do, and name the place, is what the row is for. */
  readonly before: readonly ExpectedFailure[];
  /** Checks that fail in the image that was set up, too: it is not for a setup to mend them. */
  readonly after: readonly ExpectedFailure[];
  /** Checks that must pass in the image that was set up: that one does not apply would be a fault, too. */
  readonly holds: readonly string[];
}

export interface ExpectedFailure {
  readonly check: string;
  /** What the finding must name, as `/etc/sudoers:31` or `/etc/sudoers`; anything where it is left out. */
  readonly at?: string;
  /** Why it cannot be otherwise, in words. */
  readonly because: string;
}
