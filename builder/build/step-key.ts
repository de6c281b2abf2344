import { canonicalJson, type Digest, digestOf, layoutVersion } from '../../src/index.ts';

/** Counts up when the same step would give another result than before. */
const stepVersion = 2;

export interface StepKeyParts {
  /** Digest of the image before the step, its config included. */
  readonly parent: Digest;
  /** All of the instruction that counts. */
  readonly cacheText: string;
  /** Digest of the files that the step takes from elsewhere; null where it takes none. */
  readonly inputs: Digest | null;
  /** Latest time of new files; null where none is set. */
  readonly latestSec: number | null;
}

/** Names a step by all that its result depends on. */
export function stepKeyOf(parts: StepKeyParts): Digest {
  const document = { version: stepVersion, layout: layoutVersion, ...parts };
  return digestOf(Buffer.from(canonicalJson(document), 'utf8'));
}
