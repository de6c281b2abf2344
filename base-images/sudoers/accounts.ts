import type { Snapshot } from './snapshot.ts';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** All its groups, its own first. */
  readonly groups: readonly Group[];
}

/** The name is empty for a group that is a number alone. */
export interface Group {
  readonly name: string;
  readonly gid: number;
}

/** The users and groups that an engine sees. */
export interface Accounts {
  user(name: string): Account | null;
  userByUid(uid: number): Account | null;
  group(name: string): Group | null;
  groupByGid(gid: number): Group | null;
}

/** Those of /etc/passwd and /etc/group; of two lines with one name the first counts, and lines that are none are skipped. */
export function readAccounts(snapshot: Snapshot): Accounts {
  const rows = (path: string): string[][] => {
    const looked = snapshot.look(path);
    const text = looked.error === null && looked.type === 'file' ? snapshot.read(path) : null;
    return (text ?? '').split('\n').map((line) => line.split(':'));
  };
  const groups = rows('/etc/group').filter((row) => row.length >= 4 && isNumber(row[2]));
  const groupNamed = new Map<string, Group>();
  const groupNumbered = new Map<number, Group>();
  const memberships = new Map<string, Group[]>();
  for (const [name = '', , gid = '', members = ''] of groups) {
    const group = { name, gid: Number(gid) };
    if (!groupNamed.has(name)) groupNamed.set(name, group);
    if (!groupNumbered.has(group.gid)) groupNumbered.set(group.gid, group);
    for (const member of members.split(',')) {
      const known = memberships.get(member);
      if (known === undefined) memberships.set(member, [group]);
      else known.push(group);
    }
  }
  const named = new Map<string, Account>();
  const numbered = new Map<number, Account>();
  for (const [name = '', , uid = '', gid = ''] of rows('/etc/passwd')) {
    if (name === '' || !isNumber(uid) || !isNumber(gid)) continue;
    const own = groupNumbered.get(Number(gid)) ?? { name: '', gid: Number(gid) };
    const others = (memberships.get(name) ?? []).filter((group) => group.gid !== own.gid);
    const account = { name, uid: Number(uid), gid: own.gid, groups: [own, ...others] };
    if (!named.has(name)) named.set(name, account);
    if (!numbered.has(account.uid)) numbered.set(account.uid, account);
  }
  return {
    user: (name) => named.get(name) ?? null,
    userByUid: (uid) => numbered.get(uid) ?? null,
    group: (name) => groupNamed.get(name) ?? null,
    groupByGid: (gid) => groupNumbered.get(gid) ?? null,
  };
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && /^\d{1,10}$/.test(text);
}
