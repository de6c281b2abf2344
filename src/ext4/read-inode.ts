import { inodeFlags } from './format.ts';

/** What a record of 256 bytes says that is not known of the inode itself. */
export interface StoredRecord {
  readonly sizeBytes: number;
  readonly links: number;
  readonly isIndexed: boolean;
  /** Disk block of the extended attributes; 0 where they have none. */
  readonly xattrBlock: number;
}

/** Format: ext4 documentation, "Index Nodes". */
export function readInodeRecord(record: Buffer): StoredRecord {
  return {
    sizeBytes: record.readUInt32LE(0x4) + record.readUInt32LE(0x6c) * 2 ** 32,
    links: record.readUInt16LE(0x1a),
    isIndexed: (record.readUInt32LE(0x20) & inodeFlags.index) !== 0,
    xattrBlock: record.readUInt32LE(0x68),
  };
}

/** Where the content of an inode begins. */
export interface ContentStart {
  /** Disk block of the first block of its content; 0 where it has none. */
  readonly dataStart: number;
  /** Disk block of the first leaf of its extent tree; 0 where the extents are in the record. */
  readonly firstLeaf: number;
}

const magic = 0xf30a;
const maxDepth = 5;
const blockFieldStart = 0x28;

/**
 * Follows the extent tree of an inode to its first extent. Throws a RangeError, to be put behind what the record belongs to,
 * when there is no such tree. Format: ext4 documentation, "Extent Tree".
 */
export async function findContentStart(
  record: Buffer,
  readBlock: (block: number) => Promise<Buffer>,
): Promise<ContentStart> {
  if ((record.readUInt32LE(0x20) & inodeFlags.extents) === 0) return { dataStart: 0, firstLeaf: 0 };
  let node = record.subarray(blockFieldStart, blockFieldStart + 60);
  let firstLeaf = 0;
  for (let level = 0; level <= maxDepth; level += 1) {
    if (node.readUInt16LE(0) !== magic) throw new RangeError('has no extents where they should be');
    const records = node.readUInt16LE(2);
    const depth = node.readUInt16LE(6);
    if (records === 0) return { dataStart: 0, firstLeaf };
    if (depth === 0) return { dataStart: node.readUInt32LE(20), firstLeaf };
    firstLeaf = node.readUInt32LE(16);
    node = await readBlock(firstLeaf);
  }
  throw new RangeError(`has an extent tree of over ${maxDepth} levels`);
}
