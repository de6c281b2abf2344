import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError } from '../../src/index.ts';
import { resolveInRoot } from './resolve-in-root.ts';

export interface StepUser {
  readonly uid: number;
  readonly gid: number;
  /** All groups, the primary one first. */
  readonly groupIds: readonly number[];
  readonly home: string;
}

export interface UserDatabases {
  /** Text of /etc/passwd, passwd(5); undefined when the image has none. */
  readonly passwd: string | undefined;
  /** Text of /etc/group, group(5). */
  readonly group: string | undefined;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

const databaseLimitBytes = 16 * 1024 * 1024;
const highestId = 0xffff_fffe;

/** Reads /etc/passwd and /etc/group of the tree at `root`, following links inside it. */
export async function readUserDatabases(root: string): Promise<UserDatabases> {
  return {
    passwd: await readDatabase(root, '/etc/passwd'),
    group: await readDatabase(root, '/etc/group'),
  };
}

/**
 * Resolves Docker's USER forms: empty (root), `name`, `uid`, `name:group`, `uid:gid` and mixtures. A number need not
 * be listed; a name must be. Without a group, the primary group and all that list the user as a member apply;
 * with one, that group alone. Throws `user_unknown`.
 */
export function resolveUser(spec: string, databases: UserDatabases): StepUser {
  const [userPart = '', groupPart = ''] = splitSpec(spec);
  const entry = findUser(userPart, parsePasswd(databases.passwd ?? ''));
  if (entry === undefined) throw unknown('user', userPart, '/etc/passwd');
  const groups = parseGroups(databases.group ?? '');
  if (groupPart === '') {
    const supplementary = groups.filter((group) => group.members.includes(entry.name));
    return toUser(
      entry,
      entry.gid,
      supplementary.map((group) => group.gid),
    );
  }
  const gid = parseId(groupPart) ?? groups.find((group) => group.name === groupPart)?.gid;
  if (gid === undefined) throw unknown('group', groupPart, '/etc/group');
  return toUser(entry, gid, []);
}

function splitSpec(spec: string): readonly string[] {
  const parts = spec.split(':');
  if (parts.length > 2) throw unknown('user', spec, '/etc/passwd');
  return parts;
}

function toUser(entry: PasswdEntry, gid: number, supplementary: readonly number[]): StepUser {
  const groupIds = [...new Set([gid, ...supplementary])];
  return { uid: entry.uid, gid, groupIds, home: entry.home === '' ? '/' : entry.home };
}

function findUser(userPart: string, entries: readonly PasswdEntry[]): PasswdEntry | undefined {
  const uid = userPart === '' ? 0 : parseId(userPart);
  if (uid === undefined) return entries.find((entry) => entry.name === userPart);
  const listed = entries.find((entry) => entry.uid === uid);
  return listed ?? { name: '', uid, gid: 0, home: '/' };
}

/** A number wins over a name of digits, as in Docker. */
function parseId(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const id = Number(text);
  return id <= highestId ? id : undefined;
}

function parsePasswd(text: string): PasswdEntry[] {
  return records(text).flatMap(([name = '', , uid = '', gid = '', , home = '']) => {
    const ids = { uid: parseId(uid), gid: parseId(gid) };
    if (name === '' || ids.uid === undefined || ids.gid === undefined) return [];
    return [{ name, uid: ids.uid, gid: ids.gid, home }];
  });
}

function parseGroups(text: string): GroupEntry[] {
  return records(text).flatMap(([name = '', , gid = '', members = '']) => {
    const id = parseId(gid);
    if (name === '' || id === undefined) return [];
    return [{ name, gid: id, members: members.split(',').filter((member) => member !== '') }];
  });
}

function records(text: string): string[][] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map((l) => l.split(':'));
}

function unknown(what: 'user' | 'group', name: string, file: string): AshlarError {
  return new AshlarError('user_unknown', `the image's ${file} has no ${what} "${name}"`, {
    data: { [what]: name },
  });
}

async function readDatabase(root: string, guestPath: string): Promise<string | undefined> {
  const found = await resolveInRoot(root, guestPath);
  if (!found?.stats?.isFile()) return undefined;
  if (found.stats.size > databaseLimitBytes) {
    throw new AshlarError('step_failed', `the image's ${guestPath} is larger than 16 MiB`, {
      data: { path: guestPath, sizeBytes: found.stats.size },
    });
  }
  const path = join(root, ...found.names);
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  return file.readFile('utf8');
}
