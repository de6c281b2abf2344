import type { SourceUrl } from './source-url.ts';

export type LockfileKind = 'npm' | 'pnpm' | 'yarn-classic' | 'yarn-berry' | 'bun';

/** A lockfile as it was read; `text` is never parsed again. */
export interface Lockfile {
  readonly kind: LockfileKind;
  /** As the file writes it: `3` of npm, `9.0` of pnpm, `10` of yarn berry. */
  readonly version: string;
  /** What the file is called in messages. */
  readonly name: string;
  readonly text: string;
  /** Every package with a tarball, in the order of the file; git, file, link and workspace entries are left out. */
  readonly entries: readonly LockfileEntry[];
}

export interface LockfileEntry {
  /** The package's own name: of an alias the name behind it. */
  readonly name: string;
  readonly version: string | null;
  /** Subresource Integrity of the tarball. Berry has none: its checksum is of its own archive. */
  readonly integrity: string | null;
  /** Of the URL, else of the entry; counted from 1. */
  readonly line: number;
  readonly source: EntrySource;
  readonly url: SourceUrl | null;
}

/**
 * How the project came to the package: found in a `registry` by name and version; a `url` that the project itself names,
 * so that its client would refuse another one; a `patch` of an entry of its own.
 */
export type EntrySource = 'registry' | 'url' | 'patch';

/** What people call each kind. */
export const lockfileKindNames: Readonly<Record<LockfileKind, string>> = {
  npm: 'npm',
  pnpm: 'pnpm',
  'yarn-classic': 'yarn 1',
  'yarn-berry': 'yarn berry',
  bun: 'bun',
};
