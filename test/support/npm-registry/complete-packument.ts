import type { Packument } from './packument.ts';
import { createSigner, type SigningKey } from './signing-key.ts';

export interface Completion {
  /** Where upstream's tarball URLs begin, by its configuration; ends in a slash. */
  readonly upstreamUrl: string;
  /** Ends in a slash. */
  readonly publicUrl: string;
  /** Signs what upstream has not signed. */
  readonly signingKey: SigningKey;
  readonly isShasumOnly: (name: string) => boolean;
}

/**
 * Makes of what some registry gave what the public one gives: tarball URLs at the public address, each version with a
 * signature. Versions of packages named for it lose `integrity`. The packument is changed in place.
 */
export function completePackument(packument: Packument, completion: Completion): void {
  const { upstreamUrl, publicUrl, isShasumOnly } = completion;
  const signed = createSigner(completion.signingKey);
  for (const { name, version, dist } of Object.values(packument.versions)) {
    if (dist.tarball.startsWith(upstreamUrl)) {
      dist.tarball = `${publicUrl}${dist.tarball.slice(upstreamUrl.length)}`;
    }
    if (isShasumOnly(packument.name)) {
      delete dist.integrity;
      delete dist.signatures;
    } else if (dist.signatures === undefined && dist.integrity !== undefined) {
      dist.signatures = [signed(`${name}@${version}:${dist.integrity}`)];
    }
  }
}
