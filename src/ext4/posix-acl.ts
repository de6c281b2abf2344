import { AshlarError } from '../errors/ashlar-error.ts';

/** Tags of entries: owner, named user, group, named group, mask, others; and whether an id follows on disk. */
const tags = new Map([
  [0x01, 'without-id'],
  [0x02, 'with-id'],
  [0x04, 'without-id'],
  [0x08, 'with-id'],
  [0x10, 'without-id'],
  [0x20, 'without-id'],
]);

/**
 * Turns an ACL from the form of the xattr interface (version 2, 8 bytes an entry, as `system.posix_acl_access` reads)
 * into the form that ext4 stores (version 1, the id only for named users and groups). Sources: Linux,
 * include/uapi/linux/posix_acl_xattr.h and fs/ext4/acl.h. Throws `layer_invalid` for anything else: the kernel would
 * refuse every access to the file.
 */
export function encodeStoredAcl(value: Buffer, subject: string): Buffer {
  if (value.length < 4 || value.readUInt32LE(0) !== 2 || (value.length - 4) % 8 !== 0)
    throw invalid(subject, 'is not a POSIX ACL of version 2');
  const parts: Buffer[] = [Buffer.from([1, 0, 0, 0])];
  for (let offset = 4; offset < value.length; offset += 8) {
    const tag = tags.get(value.readUInt16LE(offset));
    if (tag === undefined || value.readUInt16LE(offset + 2) > 7)
      throw invalid(subject, 'has an entry that Linux does not know');
    parts.push(value.subarray(offset, offset + (tag === 'with-id' ? 8 : 4)));
  }
  return Buffer.concat(parts);
}

function invalid(subject: string, what: string): AshlarError {
  return new AshlarError('layer_invalid', `the ACL of ${subject} ${what}`, {
    data: { path: subject },
  });
}
