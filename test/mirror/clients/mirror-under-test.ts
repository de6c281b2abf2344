import type { Launch } from '../../support/npm-registry/registry-process.ts';

/** A mirror that clients of the suite install through; alone in its network namespace but for its upstream. */
export interface MirrorUnderTest extends AsyncDisposable {
  /** Where it is a registry under its own name; ends in a slash. */
  readonly url: string;
  /** PEM file of the CA by which it is the public registry, on port 443. */
  readonly caFile: string;
  /** Makes a lockfile with URLs of the public registry name this mirror. */
  rewriteLockfile(file: string): Promise<void>;
}

export interface MirrorStart {
  /** The registry behind it; ends in a slash. Its packuments name the first of `hosts` in tarball URLs. */
  readonly upstream: string;
  /** The names by which it is asked transparently: the public registry's, and others for the same. */
  readonly hosts: readonly string[];
  /** Puts its process into the network namespace. */
  readonly launch: Launch;
  /** Empty; for what it keeps. */
  readonly directory: string;
}

/** Resolves when the mirror answers both ways, with nothing in its cache. */
export type StartMirror = (start: MirrorStart) => Promise<MirrorUnderTest>;
