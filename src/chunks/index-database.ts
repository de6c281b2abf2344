import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';

/** Of the tables; a file of another version is emptied. */
const schemaVersion = 2;

const schema = `
  DROP TABLE IF EXISTS chunks;
  DROP TABLE IF EXISTS packs;
  CREATE TABLE packs (id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE);
  CREATE TABLE chunks (
    digest BLOB PRIMARY KEY, pack INTEGER NOT NULL, at INTEGER NOT NULL,
    stored INTEGER NOT NULL, plain INTEGER NOT NULL, codec INTEGER NOT NULL, checksum INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX chunks_of_pack ON chunks (pack);
  PRAGMA user_version = ${schemaVersion};
`;

/** Time to wait for another process that writes. */
const patienceMs = 10_000;

/**
 * Opens the tables of a chunk index in a file (made where missing; `:memory:` for none). A file that is damaged, or no
 * database at all, is replaced by an empty one. Throws `home_unusable` or `disk_full`.
 */
export function openIndexDatabase(file: string): DatabaseSync {
  try {
    if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
    return open(file);
  } catch (error) {
    if (!isDamage(error)) throw indexFailure(error, file);
    return replaceIndexDatabase(file);
  }
}

/** Removes a damaged file and opens an empty one in its place. Who has it open keeps what was there. */
export function replaceIndexDatabase(file: string): DatabaseSync {
  try {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
    return open(file);
  } catch (error) {
    throw indexFailure(error, file);
  }
}

/** Runs `work` as one change that other processes see whole or not at all. */
export function changeIndex(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Result codes of SQLite (https://www.sqlite.org/rescode.html) that say that the file is not what it should be. */
const damageCodes = new Set([1, 11, 26]);

/** True for an error of SQLite that a new file mends: damage, no database, tables that are not there. */
export function isDamage(error: unknown): boolean {
  const code = resultCode(error);
  return code !== undefined && damageCodes.has(code);
}

/** The error with a code of ours, where it says something about the machine; else the error itself. */
export function indexFailure(error: unknown, file: string): unknown {
  const code = resultCode(error);
  const systemCode = code === undefined ? systemErrorCode(error) : undefined;
  if (code === 13 || systemCode === 'ENOSPC' || systemCode === 'EDQUOT') {
    return new AshlarError('disk_full', `no space left for the index of chunks ${file}`, {
      data: { path: file },
      cause: error,
    });
  }
  const isUnusable = [5, 6, 8, 10, 14].includes(code ?? 0);
  const isDenied = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'].includes(systemCode ?? '');
  if (!isUnusable && !isDenied) return error;
  const why = error instanceof Error ? error.message : '';
  return new AshlarError('home_unusable', `cannot use the index of chunks ${file}: ${why}`, {
    data: { path: file },
    cause: error,
  });
}

function open(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: patienceMs });
  try {
    // A cache: what a power failure takes is found again in the packs.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;');
    if (versionOf(database) !== schemaVersion) {
      changeIndex(database, () => {
        // Another process may have been quicker.
        if (versionOf(database) !== schemaVersion) database.exec(schema);
      });
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
}

/** The primary result code of an error of SQLite. */
function resultCode(error: unknown): number | undefined {
  if (systemErrorCode(error) !== 'ERR_SQLITE_ERROR') return undefined;
  const extended = (error as { errcode?: unknown }).errcode;
  return typeof extended === 'number' ? extended & 0xff : undefined;
}
