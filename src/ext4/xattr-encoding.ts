import { AshlarError } from '../errors/ashlar-error.ts';
import type { Xattr } from '../tree/inode.ts';
import { crc32c, crc32cOfUint32 } from './crc32c.ts';
import { blockBytes, inodeBodyBytes, inodeBytes } from './format.ts';
import { encodeStoredAcl } from './posix-acl.ts';

/** How an inode's xattrs are kept: in the inode where they fit, else all of them in one block. */
export type XattrPlan =
  | { readonly kind: 'none' }
  | { readonly kind: 'inode'; readonly entries: readonly StoredXattr[] }
  | { readonly kind: 'block'; readonly entries: readonly StoredXattr[] };

interface StoredXattr {
  readonly nameIndex: number;
  /** Without the prefix that the index stands for. */
  readonly name: Buffer;
  readonly value: Buffer;
}

const noXattrs: XattrPlan = { kind: 'none' };

const magic = 0xea020000;
const entryHeaderBytes = 16;
const blockHeaderBytes = 32;
const inodeHeaderBytes = 4;
const endMarkBytes = 4;
const aclNames = new Map([
  ['system.posix_acl_access', 2],
  ['system.posix_acl_default', 3],
]);
const prefixes: readonly (readonly [string, number])[] = [
  ['user.', 1],
  ['trusted.', 4],
  ['security.', 6],
  ['system.', 7],
];

/**
 * Decides where the xattrs of an inode go; `subjectOf` names it for errors. Throws `image_too_large` when they need more than a block, which ext4
 * without ea_inode cannot hold, and `layer_invalid` for a namespace that Linux does not know.
 */
export function planXattrs(xattrs: readonly Xattr[], subjectOf: () => string): XattrPlan {
  if (xattrs.length === 0) return noXattrs;
  const subject = subjectOf();
  const entries = xattrs.map((xattr) => storedXattr(xattr, subject)).sort(compareStored);
  const bytes = entries.reduce(
    (sum, entry) => sum + entryBytes(entry) + roundUp4(entry.value.length),
    endMarkBytes,
  );
  if (bytes <= inodeBytes - inodeBodyBytes - inodeHeaderBytes) return { kind: 'inode', entries };
  if (bytes <= blockBytes - blockHeaderBytes) return { kind: 'block', entries };
  throw new AshlarError(
    'image_too_large',
    `the extended attributes of ${subject} take ${bytes} bytes; ext4 holds 4064`,
    {
      data: { path: subject, bytes },
      hint: 'Remove extended attributes from this file.',
    },
  );
}

/** Writes the xattrs into the room behind the inode's body. `inode` is the whole 256 byte record. */
export function writeInodeXattrs(inode: Buffer, entries: readonly StoredXattr[]): void {
  inode.writeUInt32LE(magic, inodeBodyBytes);
  const start = inodeBodyBytes + inodeHeaderBytes;
  writeEntries(inode.subarray(start), entries, { valueBase: 0, hash: () => 0 });
}

/**
 * Encodes an xattr block for its place on the disk, which its checksum covers. Format: ext4 documentation, "Extended
 * Attributes"; the hashes are those of fs/ext4/xattr.c.
 */
export function encodeXattrBlock(
  entries: readonly StoredXattr[],
  block: number,
  seed: number,
): Buffer {
  const bytes = Buffer.alloc(blockBytes);
  bytes.writeUInt32LE(magic, 0);
  bytes.writeUInt32LE(1, 4); // references
  bytes.writeUInt32LE(1, 8); // blocks
  writeEntries(bytes.subarray(blockHeaderBytes), entries, {
    valueBase: blockHeaderBytes,
    hash: entryHash,
  });
  bytes.writeUInt32LE(blockHash(entries), 12);
  const placeSeed = crc32cOfUint32(crc32cOfUint32(seed, block), 0);
  bytes.writeUInt32LE(crc32c(placeSeed, bytes), 16);
  return bytes;
}

function writeEntries(
  area: Buffer,
  entries: readonly StoredXattr[],
  encoding: { valueBase: number; hash: (entry: StoredXattr) => number },
): void {
  let offset = 0;
  let valueEnd = area.length;
  for (const entry of entries) {
    if (entry.value.length > 0) valueEnd -= roundUp4(entry.value.length);
    area.writeUInt8(entry.name.length, offset);
    area.writeUInt8(entry.nameIndex, offset + 1);
    area.writeUInt16LE(entry.value.length > 0 ? valueEnd + encoding.valueBase : 0, offset + 2);
    area.writeUInt32LE(entry.value.length, offset + 8);
    area.writeUInt32LE(encoding.hash(entry), offset + 12);
    entry.name.copy(area, offset + entryHeaderBytes);
    entry.value.copy(area, valueEnd);
    offset += entryBytes(entry);
  }
}

function storedXattr(xattr: Xattr, subject: string): StoredXattr {
  const aclIndex = aclNames.get(xattr.name);
  if (aclIndex !== undefined) {
    return {
      nameIndex: aclIndex,
      name: Buffer.alloc(0),
      value: encodeStoredAcl(xattr.value, subject),
    };
  }
  const prefix = prefixes.find(([text]) => xattr.name.startsWith(text));
  const rest = xattr.name.slice(prefix?.[0].length);
  if (prefix === undefined || rest === '' || rest.length > 255) {
    throw new AshlarError(
      'layer_invalid',
      `${subject} has an extended attribute that Linux does not allow: ${xattr.name}`,
      {
        data: { path: subject, xattr: xattr.name },
      },
    );
  }
  return { nameIndex: prefix[1], name: Buffer.from(rest, 'latin1'), value: xattr.value };
}

function entryHash(entry: StoredXattr): number {
  let hash = 0;
  for (const byte of entry.name) hash = (hash << 5) ^ (hash >>> 27) ^ byte;
  const padded = Buffer.alloc(roundUp4(entry.value.length));
  entry.value.copy(padded);
  for (let offset = 0; offset < padded.length; offset += 4) {
    hash = (hash << 16) ^ (hash >>> 16) ^ padded.readUInt32LE(offset);
  }
  return hash >>> 0;
}

function blockHash(entries: readonly StoredXattr[]): number {
  let hash = 0;
  for (const entry of entries) {
    const own = entryHash(entry);
    if (own === 0) return 0;
    hash = (hash << 16) ^ (hash >>> 16) ^ own;
  }
  return hash >>> 0;
}

function entryBytes(entry: StoredXattr): number {
  return entryHeaderBytes + roundUp4(entry.name.length);
}

function compareStored(left: StoredXattr, right: StoredXattr): number {
  if (left.nameIndex !== right.nameIndex) return left.nameIndex - right.nameIndex;
  if (left.name.length !== right.name.length) return left.name.length - right.name.length;
  return Buffer.compare(left.name, right.name);
}

function roundUp4(value: number): number {
  return (value + 3) & ~3;
}
