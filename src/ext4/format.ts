/**
 * Numbers of the ext4 disk format that Ashlar's images use. Source: Linux, Documentation/filesystems/ext4/, and
 * fs/ext4/ext4.h for names.
 */
export const blockBytes = 4096;
export const blocksPerChunk = 16;
export const inodeBytes = 256;
export const inodesPerChunk = 256;
export const blocksPerGroup = 32_768;
export const descriptorBytes = 32;

/** Inodes 1 to 10 are the file system's own; the first free one is lost+found by custom. */
export const rootInodeNumber = 2;
export const journalInodeNumber = 8;
export const lostAndFoundInodeNumber = 11;
export const firstFreeInodeNumber = 11;

export const extraInodeBytes = 32;
export const inodeBodyBytes = 128 + extraInodeBytes;

export const compatibleFeatures = {
  hasJournal: 0x4,
  extAttr: 0x8,
  dirIndex: 0x20,
  sparseSuper2: 0x200,
} as const;

export const incompatibleFeatures = { filetype: 0x2, extents: 0x40, flexBg: 0x200 } as const;

export const readOnlyCompatibleFeatures = {
  largeFile: 0x2,
  hugeFile: 0x8,
  dirNlink: 0x20,
  extraIsize: 0x40,
  metadataCsum: 0x400,
} as const;

export const groupFlags = { inodeUninit: 0x1, blockUninit: 0x2, inodeZeroed: 0x4 } as const;

export const inodeFlags = { index: 0x1000, hugeFile: 0x40000, extents: 0x80000 } as const;

/** Longest run of blocks in one extent. */
export const maxExtentBlocks = 32_768;

/** Directories with this many links or more keep the count 1 (feature dir_nlink). */
export const maxDirectoryLinks = 65_000;

/** Linux, include/linux/kdev_t.h: 12 bits of major and 20 bits of minor number. */
export const maxDeviceMajor = 0xfff;
export const maxDeviceMinor = 0xfffff;

/** The file type bits of i_mode. */
export const modeTypeBits = {
  fifo: 0x1000,
  char: 0x2000,
  directory: 0x4000,
  block: 0x6000,
  file: 0x8000,
  symlink: 0xa000,
  socket: 0xc000,
} as const;

/** The file type byte of a directory entry. */
export const entryTypes = {
  file: 1,
  directory: 2,
  char: 3,
  block: 4,
  fifo: 5,
  socket: 6,
  symlink: 7,
} as const;
