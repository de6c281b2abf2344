/** The id of entries that have none. */
const none = 0xffffffff;

/** An ACL as the xattr interface has it: tag, permissions, id. */
export function aclOf(
  ...entries: readonly (readonly [tag: number, permissions: number, id?: number])[]
): Buffer {
  const bytes = Buffer.alloc(4 + entries.length * 8);
  bytes.writeUInt32LE(2);
  entries.forEach(([tag, permissions, id = none], index) => {
    bytes.writeUInt16LE(tag, 4 + index * 8);
    bytes.writeUInt16LE(permissions, 6 + index * 8);
    bytes.writeUInt32LE(id, 8 + index * 8);
  });
  return bytes;
}

export const aclTags = {
  owner: 0x01,
  namedUser: 0x02,
  group: 0x04,
  namedGroup: 0x08,
  mask: 0x10,
  others: 0x20,
} as const;

/** Of a file that its owner, the user 1234 and the group 70000 may read. */
export const sharedAcl = aclOf(
  [aclTags.owner, 6],
  [aclTags.namedUser, 4, 1234],
  [aclTags.group, 0],
  [aclTags.namedGroup, 4, 70_000],
  [aclTags.mask, 4],
  [aclTags.others, 0],
);
