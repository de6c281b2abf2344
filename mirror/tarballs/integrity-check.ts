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

/** What a packument states of a file: several where more than one version has it, and one that fits is enough. */
export interface StatedFile {
  /** As the packument is known; may come later than the first bytes. */
  readonly known: Promise<readonly StatedDigests[]>;
  /** As it is now: asked for when the bytes do not fit what is known. */
  anew(): Promise<readonly StatedDigests[]>;
}

/** Holds bytes against the strongest digest that is stated. */
export function createIntegrityCheck(subject: string, stated: StatedFile): IntegrityCheck {
  const hashes = new Map<Algorithm, Hash>(
    algorithms.map((algorithm) => [algorithm, createHash(algorithm)]),
  );
  let outcome: { sha512: string; heldAgainst: string } | null = null;
  return {
    update(bytes) {
      for (const hash of hashes.values()) hash.update(bytes);
    },
    async finish() {
      const found: Found = new Map([...hashes].map(([name, hash]) => [name, hash.digest()]));
      const known = await stated.known;
      const fitting = fittingOf(found, known) ?? fittingOf(found, await stated.anew());
      if (fitting === null) throw misfit(subject, known);
      outcome = {
        sha512: found.get('sha512')?.toString('hex') ?? '',
        heldAgainst: `${fitting}-${found.get(fitting)?.toString('base64') ?? ''}`,
      };
    },
    outcome() {
      if (outcome === null) throw new TypeError('the check has not been passed');
      return outcome;
    },
  };
}

type Found = ReadonlyMap<Algorithm, Buffer>;

/** The algorithm by which the bytes are what one of these states; null where they are not. */
function fittingOf(found: Found, stated: readonly StatedDigests[]): Algorithm | null {
  for (const digests of stated) {
    const expected = strongest(digests);
    if (expected === null) continue;
    const { algorithm } = expected;
    if (expected.digests.some((digest) => found.get(algorithm)?.equals(digest))) return algorithm;
  }
  return null;
}

function misfit(subject: string, stated: readonly StatedDigests[]): AttemptFailure {
  const isPassing = stated.some((digests) => strongest(digests) !== null);
  const words = isPassing
    ? 'arrived with other bytes than its packument says'
    : 'has no digest in its packument that could be checked';
  return new AttemptFailure(`${subject} ${words}`, { code: 'registry_corrupt', isPassing });
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
