import { invalidTar, type TarPlace } from './tar-place.ts';

/** Which access control list of an inode: its own, or what a directory hands down. */
export type AclKind = 'access' | 'default';

export const aclXattrNames: Readonly<Record<AclKind, string>> = {
  access: 'system.posix_acl_access',
  default: 'system.posix_acl_default',
};

/**
 * Turns the text of SCHILY.acl.access or SCHILY.acl.default (acl(5), "ACL text forms", as GNU tar and bsdtar write it)
 * into the value of the extended attribute by which Linux knows it (linux/posix_acl_xattr.h, version 2). Undefined for
 * an access list that says no more than the mode does.
 *
 * A list must not be dropped: with one, the mode's group bits are its mask, and without it they would give the group
 * too much. Users and groups must be numbers, alone or as bsdtar's fourth field: names mean nothing without the
 * password file of the machine that wrote the archive. Throws `layer_invalid` for those and for broken lists.
 */
export function aclXattrValue(text: string, kind: AclKind, place: TarPlace): Buffer | undefined {
  const entries = text
    .split(/[\n,]/)
    .map((line) => line.replace(/#.*$/, '').trim())
    .filter((line) => line !== '')
    .map((line) => aclEntry(line, place));
  entries.sort((left, right) => left.tag - right.tag || left.id - right.id);
  checkEntries(entries, place);
  const saysNoMoreThanMode = entries.length === 3;
  if (kind === 'access' && saysNoMoreThanMode) return undefined;
  const value = Buffer.alloc(4 + entries.length * 8);
  value.writeUInt32LE(aclVersion, 0);
  for (const [index, { tag, permissions, id }] of entries.entries()) {
    value.writeUInt16LE(tag, 4 + index * 8);
    value.writeUInt16LE(permissions, 6 + index * 8);
    value.writeUInt32LE(id, 8 + index * 8);
  }
  return value;
}

interface AclEntry {
  readonly tag: number;
  readonly permissions: number;
  readonly id: number;
}

const aclVersion = 2;
const noId = 0xffff_ffff;
const tags = { owner: 1, user: 2, owningGroup: 4, group: 8, mask: 16, other: 32 } as const;

function aclEntry(line: string, place: TarPlace): AclEntry {
  const parts = line.replace(/^default:/, '').split(':');
  const [word = '', qualifier = ''] = parts;
  const isShort = parts.length === 2 && (word === 'mask' || word === 'other');
  const permissions = permissionBits((isShort ? parts[1] : parts[2]) ?? '');
  if (permissions === undefined || parts.length > 4) throw broken(line, place);
  if (!isShort && qualifier !== '') {
    const tag = word === 'user' ? tags.user : word === 'group' ? tags.group : undefined;
    if (tag === undefined) throw broken(line, place);
    return { tag, permissions, id: numericId(parts[3] ?? qualifier, line, place) };
  }
  const tag = new Map<string, number>([
    ['user', tags.owner],
    ['group', tags.owningGroup],
    ['mask', tags.mask],
    ['other', tags.other],
  ]).get(word);
  if (tag === undefined) throw broken(line, place);
  return { tag, permissions, id: noId };
}

function permissionBits(text: string): number | undefined {
  if (!/^[r-][w-][x-]$/.test(text)) return undefined;
  return (text[0] === 'r' ? 4 : 0) + (text[1] === 'w' ? 2 : 0) + (text[2] === 'x' ? 1 : 0);
}

function numericId(text: string, line: string, place: TarPlace): number {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : noId;
  if (id < noId) return id;
  throw invalidTar(
    place,
    `its access control list names a user or group without a number: ${JSON.stringify(line)}`,
  );
}

/** What the kernel asks of a list (fs/posix_acl.c, posix_acl_valid): the base entries once, a mask for named ones. */
function checkEntries(entries: readonly AclEntry[], place: TarPlace): void {
  const count = (tag: number): number => entries.filter((entry) => entry.tag === tag).length;
  const isRepeated = entries.some((entry, index) => {
    const before = entries[index - 1];
    return before?.tag === entry.tag && before.id === entry.id;
  });
  const hasNamed = count(tags.user) + count(tags.group) > 0;
  const hasBase = [tags.owner, tags.owningGroup, tags.other].every((tag) => count(tag) === 1);
  if (isRepeated || !hasBase || (hasNamed && count(tags.mask) !== 1)) {
    throw invalidTar(place, 'its access control list lacks or repeats an entry');
  }
}

function broken(line: string, place: TarPlace): Error {
  return invalidTar(place, `not an entry of an access control list: ${JSON.stringify(line)}`);
}
