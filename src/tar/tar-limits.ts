/** What a hostile archive may make the reader or its caller spend. More than a limit is `layer_hostile`. */
export interface TarLimits {
  /** Entries; volume labels and global extended headers count too. */
  readonly maxEntries: number;
  /** Bytes of a path or link target. */
  readonly maxPathBytes: number;
  /** Bytes of one component of a path. */
  readonly maxNameBytes: number;
  /** Bytes of one PAX extended header. */
  readonly maxPaxBytes: number;
  /** Bytes of the names and values of all extended attributes of an entry. */
  readonly maxXattrBytes: number;
  /** Logical size of one entry. */
  readonly maxEntryBytes: number;
  /** Logical size of all entries together; and the length of the archive itself, each by itself. */
  readonly maxTotalBytes: number;
  /** Runs of data in one sparse file. */
  readonly maxSparseSegments: number;
}

/** PATH_MAX, NAME_MAX and XATTR_SIZE_MAX of Linux, and room for the largest images that are in use. */
export const defaultTarLimits: TarLimits = Object.freeze({
  maxEntries: 4_000_000,
  maxPathBytes: 4096,
  maxNameBytes: 255,
  maxPaxBytes: 1024 * 1024,
  maxXattrBytes: 64 * 1024,
  maxEntryBytes: 64 * 1024 ** 3,
  maxTotalBytes: 256 * 1024 ** 3,
  maxSparseSegments: 262_144,
});
