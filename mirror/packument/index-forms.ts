/** How a field of a version is written: not at all, in the short form that nearly all have, or as text. */
export const absent = 0;
export const short = 1;
export const asText = 2;

export interface VersionForms {
  readonly tarball: number;
  readonly integrity: number;
  readonly shasum: number;
  readonly isDeprecated: boolean;
}

export function joinForms({ tarball, integrity, shasum, isDeprecated }: VersionForms): number {
  return tarball + 3 * integrity + 9 * shasum + (isDeprecated ? 27 : 0);
}

/** Throws a RangeError for a number that joins no forms. */
export function splitForms(joined: number): VersionForms {
  if (joined >= 54) throw new RangeError('has a version of unknown form');
  return {
    tarball: joined % 3,
    integrity: Math.floor(joined / 3) % 3,
    shasum: Math.floor(joined / 9) % 3,
    isDeprecated: joined >= 27,
  };
}

export const sha512Bytes = 64;
export const sha1Bytes = 20;
const sha512Prefix = 'sha512-';

/** The digest of an integrity that is one SHA-512 in its only spelling; null for any other. */
export function sha512Of(integrity: string): Buffer | null {
  if (!integrity.startsWith(sha512Prefix)) return null;
  const bytes = Buffer.from(integrity.slice(sha512Prefix.length), 'base64');
  return bytes.length === sha512Bytes && integrityOf(bytes) === integrity ? bytes : null;
}

export function integrityOf(sha512: Buffer): string {
  return sha512Prefix + sha512.toString('base64');
}

/** The digest of a shasum in lower-case hex; null for anything else. */
export function sha1Of(shasum: string): Buffer | null {
  return /^[0-9a-f]{40}$/.test(shasum) ? Buffer.from(shasum, 'hex') : null;
}

/** The tarball's URL of a version, where all versions have theirs in one folder under one name. */
export function tarballUrlOf(prefix: string, version: string): string {
  return `${prefix}${version}.tgz`;
}
