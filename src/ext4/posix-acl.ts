import { AshlarError } from '../errors/ashlar-error.ts';

const tagsWithId = new Set([0x02, 0x08]);

/**
 * Turns an ACL from the form of the xattr interface (version 2, 8 bytes an entry, as `system.posix_acl_access` reads)
 * into the form that ext4 stores (version 1, the id only for named users and groups). Sources: Linux,
 * include/uapi/linux/posix_acl_xattr.h and fs/ext4/acl.h. Throws `layer_invalid` for anything else.
 */
export function encodeStoredAcl(value: Buffer, subject: string): Buffer {
  if (value.length < 4 || value.readUInt32LE(0) !== 2 || (value.length - 4) % 8 !== 0) {
    throw new AshlarError(
      'layer_invalid',
      `the ACL of ${subject} is not a POSIX ACL of version 2`,
      {
        data: { path: subject },
      },
    );
  }
  const parts: Buffer[] = [Buffer.from([1, 0, 0, 0])];
  for (let offset = 4; offset < value.length; offset += 8) {
    const bytes = tagsWithId.has(value.readUInt16LE(offset)) ? 8 : 4;
    parts.push(value.subarray(offset, offset + bytes));
  }
  return Buffer.concat(parts);
}
