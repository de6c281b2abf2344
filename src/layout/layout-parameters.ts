/**
 * The numbers that decide where things lie. They are part of the image format: changing one changes the digest of every
 * image, and needs a new format version. `npm run bench -- dedup` measures what they are worth.
 */
export const layoutVersion = 1;

/**
 * Entries of the tree are split into groups. An inode weighs 2, but a directory, whose slab is another, and any later name 1:
 * so that a group has at most 240 inodes in its slab of 256, and at most 480 names, which bounds its page of the tree.
 */
export const groupLimits = { maxWeight: 480, partsPerStretch: 3 } as const;

/**
 * Chunks of the files in a group, which its page lists at 32 bytes each: 2 MiB. A file with more has a group of its own,
 * and a page of up to 16 MB; a pack takes no larger blob than 16 MiB.
 */
export const maxGroupChunks = 65_536;
export const maxFileChunks = 500_000;

/**
 * Directories have slabs of their own, as their times change more often than those of files. A slab keeps a quarter free:
 * numbers of directories are in the blocks of others, and move less where there is room.
 */
export const directorySlabLimits = { maxWeight: 192, partsPerStretch: 2 } as const;

/** Small files share bins of one chunk: 16 blocks of 4 KiB. */
export const binLimits = { maxWeight: 16, partsPerStretch: 3 } as const;

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
