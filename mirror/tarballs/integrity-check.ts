import { createHash, type Hash } from 'node:crypto';
import { parse } from 'ssri';
import { AttemptFailure, type BodyCheck } from '../../src/network.ts';

/** What a packument says of a tarball's bytes; one of the two at least is there. */
export interface StatedDigests {
  /** Subresource Integrity: one or more digests. */
  readonly integrity: string | null;
  /** SHA-1, hexadecimal: all that packages from before 2017 have. */
  readonly shasum: string | null;
}

export interface IntegrityCheck extends BodyCheck {
  /** After `finish`: the SHA-512 of the bytes, and what they were held against. */
  outcome(): { readonly sha512: string; readonly heldAgainst: string };
}

const algorithms = ['sha512', 'sha384', 'sha256', 'sha1'] as const;
type Algorithm = (typeof algorithms)[number];

/**
 * Holds bytes against the strongest digest that is stated. `stated` may come later than the first bytes; several are given
 * where a packument has more than one version with this file, and one that fits is enough.
 */
export function createIntegrityCheck(
  subject: string,
  stated: Promise<readonly StatedDigests[]>,
): IntegrityCheck {
  const hashes = new Map<Algorithm, Hash>(
    algorithms.map((algorithm) => [algorithm, createHash(algorithm)]),
  );
  let outcome: { sha512: string; heldAgainst: string } | null = null;
  return {
    update(bytes) {
      for (const hash of hashes.values()) hash.update(bytes);
    },
    async finish() {
      const found = new Map([...hashes].map(([algorithm, hash]) => [algorithm, hash.digest()]));
      const expected = (await stated).map((digests) => strongest(digests));
      for (const each of expected) {
        const fits = each?.digests.some((digest) => found.get(each.algorithm)?.equals(digest));
        if (each === null || fits !== true) continue;
        outcome = {
          sha512: found.get('sha512')?.toString('hex') ?? '',
          heldAgainst: `${each.algorithm}-${found.get(each.algorithm)?.toString('base64') ?? ''}`,
        };
        return;
      }
      const words = expected.some((each) => each !== null)
        ? 'arrived with other bytes than its packument says'
        : 'has no digest in its packument that could be checked';
      throw new AttemptFailure(`${subject} ${words}`, {
        code: 'registry_corrupt',
        isPassing: expected.some((each) => each !== null),
      });
    },
    outcome() {
      if (outcome === null) throw new TypeError('the check has not been passed');
      return outcome;
    },
  };
}

interface Expected {
  readonly algorithm: Algorithm;
  readonly digests: readonly Buffer[];
}

function strongest({ integrity, shasum }: StatedDigests): Expected | null {
  const parsed = integrity === null ? null : parse(integrity);
  for (const algorithm of algorithms) {
    const entries = parsed?.[algorithm] ?? [];
    const digests = entries.map(({ digest }) => Buffer.from(digest, 'base64'));
    if (digests.length > 0) return { algorithm, digests };
  }
  if (shasum === null || !/^[0-9a-f]{40}$/i.test(shasum)) return null;
  return { algorithm: 'sha1', digests: [Buffer.from(shasum, 'hex')] };
}
