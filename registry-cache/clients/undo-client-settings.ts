import type { ClientFiles } from './client-files.ts';
import { type CacheClient, cacheClients, type SettingsContext } from './client-settings.ts';
import {
  fingerprint,
  innermostFirst,
  readRecord,
  type RecordedChange,
  recordPath,
  type SettingsRecord,
  writeRecord,
} from './settings-record.ts';
import { applyEdits, reversed, takeBack } from './text-edits.ts';
import { readTomlStatements } from './toml-statements.ts';

/** What taking back did to a file, or why it did nothing. */
export interface UndoneSetting {
  readonly path: string;
  readonly what: string;
  readonly isDone: boolean;
}

/**
 * Takes back what was written for a client: a file that nobody changed since is as it was before, byte by byte; of one that
 * somebody changed, what was inserted is taken out as far as it is still there and the rest can be read without it. The last thing
 * that goes is the record. Gives nothing where nothing was written.
 */
export async function undoClientSettings(
  client: CacheClient,
  files: ClientFiles,
): Promise<readonly UndoneSetting[]> {
  const record = await readRecord(files, client);
  if (record === null) return [];
  const undone: UndoneSetting[] = [];
  for (const change of record.changes.toReversed()) {
    const result = await undoChange(files, change);
    if (result !== null) undone.push(result);
  }
  await files.remove(recordPath(client));
  await removeDirectories(files, record.directories);
  return undone;
}

/** Those that other clients' settings or records are in go with the last of them. */
async function removeDirectories(
  files: ClientFiles,
  directories: readonly string[],
): Promise<void> {
  const left: string[] = [];
  for (const path of directories) {
    await files.removeEmpty(path);
    if (await files.exists(path)) left.push(path);
  }
  if (left.length === 0) return;
  for (const client of cacheClients) {
    const record = await readRecord(files, client);
    if (record === null) continue;
    const all = innermostFirst([...record.directories, ...left]);
    return writeRecord(files, client, { ...record, directories: [...all] });
  }
}

async function undoChange(
  files: ClientFiles,
  change: RecordedChange,
): Promise<UndoneSetting | null> {
  const { path } = change;
  const present = (await files.read(path))?.text ?? null;
  const known = formerText(change, present);
  if (known === null)
    return {
      path,
      what: 'was changed by somebody else: take the cache out by hand',
      isDone: false,
    };
  const { former } = known;
  if (former === present) return null;
  if (former === null) {
    await files.remove(path);
    return { path, what: 'removed', isDone: true };
  }
  await files.write(path, former);
  const isWhole = fingerprint(former) === change.before;
  return { path, what: isWhole ? 'as it was' : 'took out what was added', isDone: true };
}

/**
 * What a file has to become: null for nothing. What is gone, or was never written, stays as it is. Null where somebody else's
 * changes do not let it be told.
 */
function formerText(
  { before, after, edits, path }: RecordedChange,
  present: string | null,
): { readonly former: string | null } | null {
  if (present === null || fingerprint(present) === before) return { former: present };
  const isOurs = fingerprint(present) === after;
  if (before === null) return isOurs ? { former: null } : null;
  if (isOurs) return { former: applyEdits(present, reversed(edits)) };
  const left = takeBack(present, edits);
  return left !== null && isReadable(path, left) ? { former: left } : null;
}

function isReadable(path: string, text: string): boolean {
  if (!path.endsWith('.json')) return readTomlStatements(text) !== null;
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

export interface AppliedRecord {
  /** What was written. */
  readonly paths: readonly string[];
  /** The same files as they were before that. */
  asBefore(files: ClientFiles): SettingsContext['files'];
}

/** What a record says was done, as far as it stands. */
export async function appliedRecord(
  files: ClientFiles,
  { changes }: SettingsRecord,
): Promise<AppliedRecord> {
  const former = new Map<string, string | null>();
  for (const change of changes) {
    const present = (await files.read(change.path))?.text ?? null;
    const known = formerText(change, present);
    if (known !== null) former.set(change.path, known.former);
  }
  return {
    paths: changes.map(({ path }) => path),
    asBefore: (own) => ({
      list: (path) => own.list(path),
      async read(path) {
        const text = former.get(path);
        if (text === undefined) return own.read(path);
        return text === null ? null : { text };
      },
      existsAsName: (path) =>
        former.get(path) === null ? Promise.resolve(false) : own.existsAsName(path),
    }),
  };
}
