import { createHash } from 'node:crypto';
import { AshlarError } from '../errors/ashlar-error.ts';

declare const ociDigestBrand: unique symbol;

/**
 * A content digest as registries and image layouts write it: `sha256:` and 64, or `sha512:` and 128
 * lower-case hex digits (OCI image-spec 1.1, descriptor.md, "Registered algorithms"). Not to be
 * confused with `Digest`, which is BLAKE3 and names what Ashlar stores.
 */
export type OciDigest = string & { readonly [ociDigestBrand]: true };

export type DigestAlgorithm = 'sha256' | 'sha512';

const pattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function isOciDigest(text: string): text is OciDigest {
  return pattern.test(text);
}

/** Reads a digest from text; throws `reference_invalid` when it is not one. */
export function parseOciDigest(text: string): OciDigest {
  if (isOciDigest(text)) return text;
  throw new AshlarError(
    'reference_invalid',
    `not a digest: ${JSON.stringify(text.slice(0, 200))}: ${digestProblem(text)}`,
    { hint: 'Write a digest as sha256: and 64, or sha512: and 128 lower-case hex digits.' },
  );
}

/** Says in words why `text` is not a digest; to be used only when it is none. */
export function digestProblem(text: string): string {
  const colon = text.indexOf(':');
  if (colon < 0) return 'it has no algorithm before a colon';
  const algorithm = text.slice(0, colon);
  const encoded = text.slice(colon + 1);
  if (algorithm !== 'sha256' && algorithm !== 'sha512') {
    return `the algorithm ${JSON.stringify(algorithm.slice(0, 40))} is neither sha256 nor sha512`;
  }
  if (!/^[0-9a-f]*$/.test(encoded)) return 'it has something else than lower-case hex digits';
  const digits = algorithm === 'sha256' ? 64 : 128;
  return `${algorithm} takes ${digits} hex digits, not ${encoded.length}`;
}

/** The digest of bytes that are at hand. */
export function ociDigestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): OciDigest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as OciDigest;
}

export function digestAlgorithm(digest: OciDigest): DigestAlgorithm {
  return digest.startsWith('sha256:') ? 'sha256' : 'sha512';
}

/** The hex digits alone, as used in the file names of an image layout. */
export function encodedDigest(digest: OciDigest): string {
  return digest.slice(digest.indexOf(':') + 1);
}
