import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';

/** A kind of SQLite file that several processes share, and of which nothing is needed: it can be begun anew. */
export interface CacheDatabaseKind {
  /** For people, such as `the index of chunks`. */
  readonly what: string;
  /** Of the tables; a file of another version is emptied. */
  readonly version: number;
  /** Removes tables of any version and makes those of this one. */
  readonly schema: string;
  /** How long to wait for another process that writes. */
  readonly patienceMs: number;
}

/**
 * Opens the database in a file (made where missing; `:memory:` for none) and gives what `prepare` makes of it, such as its
 * statements. A file that is damaged, or no database at all, which may show only then, is replaced by an empty one. Throws
 * `home_unusable` or `disk_full`.
 */
export function openCacheDatabase<T>(
  file: string,
  kind: CacheDatabaseKind,
  prepare: (database: DatabaseSync) => T,
): T {
  try {
    if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
    return open(file, kind, prepare);
  } catch (error) {
    if (!isDamage(error)) throw databaseFailure(error, file, kind);
    return replaceCacheDatabase(file, kind, prepare);
  }
}

/** Removes a damaged file and opens an empty one in its place. Who has it open keeps what was there. */
export function replaceCacheDatabase<T>(
  file: string,
  kind: CacheDatabaseKind,
  prepare: (database: DatabaseSync) => T,
): T {
  try {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
    return open(file, kind, prepare);
  } catch (error) {
    throw databaseFailure(error, file, kind);
  }
}

/** Runs `work` as one change that other processes see whole or not at all, and gives what it gives. */
export function changeDatabase<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const outcome = work();
    database.exec('COMMIT');
    return outcome;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Result codes of SQLite (https://www.sqlite.org/rescode.html). */
const busy = 5;
const full = 13;
/** ERROR (no such table), CORRUPT, NOTADB. */
const damageCodes: readonly number[] = [1, 11, 26];
/** BUSY, LOCKED, READONLY, IOERR, CANTOPEN. */
const unusableCodes: readonly number[] = [busy, 6, 8, 10, 14];

/** True for an error of SQLite that a new file mends: damage, no database, tables that are not there. */
export function isDamage(error: unknown): boolean {
  return damageCodes.includes(sqliteCode(error) ?? -1);
}

/** The error with a code of ours, where it says something about the machine; else the error itself. */
export function databaseFailure(
  error: unknown,
  file: string,
  { what }: Pick<CacheDatabaseKind, 'what'>,
): unknown {
  const code = sqliteCode(error);
  const systemCode = code === undefined ? systemErrorCode(error) : undefined;
  const details = { data: { path: file }, cause: error };
  if (code === full || systemCode === 'ENOSPC' || systemCode === 'EDQUOT')
    return new AshlarError('disk_full', `no space left for ${what}, ${file}`, details);
  const isDenied = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'].includes(systemCode ?? '');
  if (!isDenied && !unusableCodes.includes(code ?? 0)) return error;
  const why = error instanceof Error ? error.message : '';
  return new AshlarError('home_unusable', `cannot use ${what}, ${file}: ${why}`, details);
}

/** SQLite's primary result code of an error of node:sqlite; undefined for any other error. */
export function sqliteCode(error: unknown): number | undefined {
  if (systemErrorCode(error) !== 'ERR_SQLITE_ERROR') return undefined;
  const extended = (error as { errcode?: unknown }).errcode;
  return typeof extended === 'number' ? extended & 0xff : undefined;
}

const pauseMs = 20;

/** SQLite waits for others by itself, but not when it changes to WAL, nor while another process mends what a kill left. */
function open<T>(file: string, kind: CacheDatabaseKind, prepare: (database: DatabaseSync) => T): T {
  const untilMs = performance.now() + kind.patienceMs;
  for (;;) {
    try {
      return openOnce(file, kind, prepare);
    } catch (error) {
      if (sqliteCode(error) !== busy || performance.now() > untilMs) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
    }
  }
}

function openOnce<T>(
  file: string,
  { version, schema, patienceMs }: CacheDatabaseKind,
  prepare: (database: DatabaseSync) => T,
): T {
  const database = new DatabaseSync(file, { timeout: patienceMs });
  try {
    // What a power failure takes is found again elsewhere.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;');
    if (versionOf(database) !== version) {
      changeDatabase(database, () => {
        // Another process may have been quicker.
        if (versionOf(database) === version) return;
        database.exec(schema);
        database.exec(`PRAGMA user_version = ${version}`);
      });
    }
    return prepare(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
}
