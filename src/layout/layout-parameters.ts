/**
 * The numbers that decide where things lie. They are part of the image format: changing one changes the digest of every
 * image, and needs a new format version. `npm run bench -- dedup` measures what they are worth.
 */
export const layoutVersion = 1;

/** Entries of the tree are cut into groups, at about one path in this many... */
export const groupCutRate = 128;

/** ...and at the latest after this many inodes, so that a group's slab of 256 keeps room. */
export const maxGroupInodes = 192;

/** Names in a group, hard links included: bounds the size of a page of the tree. */
export const maxGroupEntries = 512;

/**
 * Chunks of the files in a group, which its page lists at 32 bytes each: 2 MiB. A file with more has a group of its own,
 * and a page of up to 16 MB; a pack takes no larger blob than 16 MiB.
 */
export const maxGroupChunks = 65_536;
export const maxFileChunks = 500_000;

/** Directories are cut into slabs of their own in the same way; their times change more often than files do. */
export const directoryCutRate = 64;
export const maxSlabDirectories = 128;

/** Small files share bins of one chunk; a bin begins anew at about one path in this many. */
export const binCutRate = 16;

/** Files of this many chunks or more are placed by themselves, so that they push nothing else about. */
export const largeFileChunks = 64;

/** Salts of the path hash, one for each decision. */
export const salts = {
  groupCut: 1,
  binCut: 2,
  directoryCut: 3,
  groupPlace: 4,
  filePlace: 5,
  fileSlab: 6,
  directorySlab: 7,
  inodeInSlab: 8,
} as const;

/** Seeds ext4's directory hash: fixed, so that equal directories have equal indexes in all images. */
export const directoryHashSeed = [0x41534c52, 0x2d534545, 0x44303031, 0x7fe1c0de] as const;

/**
 * The UUID of every image's file system. All metadata checksums of ext4 are seeded by it: were it derived from the
 * tree, no metadata chunk of two images could ever be equal.
 */
export const fileSystemUuid = Buffer.from('a51a5000c0de8a51b10c000064b1c001', 'hex');
