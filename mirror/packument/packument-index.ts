import { decodeOnce } from './names/package-name.ts';

/** What the mirror knows of a packument without parsing it again. Offsets count from the first byte of its JSON. */
export interface PackumentIndex {
  readonly name: string;
  /** The size of the JSON, so that an index is never used on another document. */
  readonly sizeBytes: number;
  /** `modified` of an abbreviated document, `time.modified` of a full one, as it stands there. */
  readonly modified: string | null;
  /** By the keys of `versions`; empty when all is unpublished. */
  readonly versions: ReadonlyMap<string, PackumentVersion>;
  /** The keys of `time` that have a date, in milliseconds since 1970. Empty for abbreviated documents of most registries. */
  readonly releaseTimes: ReadonlyMap<string, number>;
  readonly distTags: ReadonlyMap<string, DistTag>;
  /**
   * Every member of the objects `versions`, `time` and `dist-tags` in the order of the document, those too whose key comes
   * again later (as in JSON.parse, the last one counts).
   */
  readonly members: {
    readonly versions: readonly Member[];
    readonly time: readonly Member[];
    readonly distTags: readonly Member[];
  };
}

export interface ByteRange {
  readonly start: number;
  /** After the last byte. */
  readonly end: number;
}

/** From the quote of the key to the end of the value, without commas. */
export interface Member extends ByteRange {
  readonly key: string;
}

export interface PackumentVersion {
  readonly version: string;
  readonly tarball: Tarball | null;
  /** `dist.integrity` (Subresource Integrity), as it stands there. */
  readonly integrity: string | null;
  readonly shasum: string | null;
  /** `deprecated` is a text that is not empty, or true. */
  readonly isDeprecated: boolean;
}

export interface Tarball {
  readonly url: string;
  /** Where the string lies, with its quotes. */
  readonly range: ByteRange;
}

export interface DistTag {
  readonly tag: string;
  readonly version: string;
  /** Where the version lies, with its quotes. */
  readonly range: ByteRange;
}

/**
 * The versions whose tarball has this file name, the last segment of its URL's path, percent-decoded: one as a rule, and
 * more only in packuments that are odd. For requests of tarballs, which name a file and no version.
 */
export function versionsOfFile(index: PackumentIndex, file: string): PackumentVersion[] {
  return [...index.versions.values()].filter(
    ({ tarball }) => tarball !== null && fileOf(tarball.url) === file,
  );
}

function fileOf(url: string): string | null {
  const path = url.replace(/[?#].*$/s, '');
  return decodeOnce(path.slice(path.lastIndexOf('/') + 1));
}
