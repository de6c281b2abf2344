import { digestAlgorithm, type OciDigest } from '../../src/network.ts';

export interface DigestParts {
  readonly algorithm: ReturnType<typeof digestAlgorithm>;
  /** Hexadecimal, lower case. */
  readonly hex: string;
}

export function digestParts(digest: OciDigest): DigestParts {
  return { algorithm: digestAlgorithm(digest), hex: digest.slice(digest.indexOf(':') + 1) };
}
