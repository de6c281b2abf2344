import type { GroupEntry, PasswdEntry, UserFacts } from '../base-facts.ts';
import type { Look } from '../look.ts';

const maxFileBytes = 4 * 1024 * 1024;
/** Entries of either file; thousands are those of a directory service. */
const maxEntries = 50_000;

/** `/etc/passwd` and `/etc/group` (passwd(5), group(5)). Lines that are none are noted, and those of NIS left out. */
export async function findUsers(look: Look): Promise<UserFacts> {
  const passwd = await readEntries(look, 'etc/passwd', passwdEntry);
  const groups = await readEntries(look, 'etc/group', groupEntry);
  return {
    passwd,
    groups,
    byUid: (uid) => passwd.find((entry) => entry.uid === uid) ?? null,
    byName: (name) => passwd.find((entry) => entry.name === name) ?? null,
    groupById: (gid) => groups.find((entry) => entry.gid === gid) ?? null,
    groupByName: (name) => groups.find((entry) => entry.name === name) ?? null,
  };
}

async function readEntries<Entry>(
  look: Look,
  path: string,
  parse: (fields: readonly string[]) => Entry | null,
): Promise<readonly Entry[]> {
  const text = await look.text(path, maxFileBytes);
  const lines = (text ?? '').split('\n').filter((line) => line !== '' && !/^[+#-]/.test(line));
  if (lines.length > maxEntries)
    look.note({ path, kind: 'too-large', says: `has more than ${maxEntries} entries` });
  const entries: Entry[] = [];
  let bad = 0;
  for (const line of lines.slice(0, maxEntries)) {
    const entry = parse(line.split(':'));
    if (entry === null) bad += 1;
    else entries.push(entry);
  }
  if (bad > 0) look.note({ path, kind: 'malformed', says: `has ${bad} lines that are no entries` });
  return entries;
}

function passwdEntry(fields: readonly string[]): PasswdEntry | null {
  const [name, , user, group, , home = '', shell = ''] = fields;
  const [uid, gid] = [idOf(user), idOf(group)];
  if (fields.length !== 7 || !name || uid === null || gid === null) return null;
  return { name, uid, gid, home, shell };
}

function groupEntry(fields: readonly string[]): GroupEntry | null {
  const [name, , group, members = ''] = fields;
  const gid = idOf(group);
  if (fields.length !== 4 || !name || gid === null) return null;
  return { name, gid, members: members.split(',').filter((member) => member !== '') };
}

function idOf(text: string | undefined): number | null {
  const id = /^\d{1,10}$/.test(text ?? '') ? Number(text) : Number.NaN;
  return id < 2 ** 32 ? id : null;
}
