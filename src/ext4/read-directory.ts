import type { BytePath } from '../bytes/byte-path.ts';
import { blockBytes, entryTypes } from './format.ts';

/** A name in a directory as it is on the disk. */
export interface ListedName {
  readonly name: BytePath;
  readonly inodeNumber: number;
  readonly type: keyof typeof entryTypes;
}

const typesByCode = new Map(
  Object.entries(entryTypes).map(([type, code]) => [code as number, type as ListedName['type']]),
);

const headerBytes = 8;

/**
 * The names in a block of a directory, `.` and `..` with them; none in a block of a hash tree's index, which looks like one
 * entry that is not used. Throws a RangeError, to be put behind what the block belongs to, when it is no such block. Format:
 * ext4 documentation, "Linear (Classic) Directories" and "Hash Tree Directories".
 */
export function* readDirectoryBlock(block: Buffer): Iterable<ListedName> {
  for (let offset = 0; offset < blockBytes;) {
    const inodeNumber = block.readUInt32LE(offset);
    const entryBytes = block.readUInt16LE(offset + 4);
    const nameBytes = block.readUInt8(offset + 6);
    const end = offset + entryBytes;
    if (entryBytes < headerBytes + nameBytes || end > blockBytes || end % 4 !== 0)
      throw new RangeError(`has an entry of ${entryBytes} bytes at ${offset}`);
    const nameStart = offset + headerBytes;
    offset = end;
    if (inodeNumber === 0) continue;
    const type = typesByCode.get(block.readUInt8(nameStart - 1));
    if (type === undefined) throw new RangeError(`has an entry of no type at ${nameStart}`);
    yield { inodeNumber, type, name: block.toString('latin1', nameStart, nameStart + nameBytes) };
  }
}
