import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { changeIndex, isDamage } from '../chunks/index-database.ts';
import { AshlarError, type ErrorOptions, systemErrorCode } from '../errors/ashlar-error.ts';

/** Of the tables; a file of another version is emptied. */
const schemaVersion = 1;

/**
 * `entries`: what the store holds. `used`: when it was used last, in ms. `going`: when an evictor took it for deletion, 0
 * where none did; such an entry no longer counts. `born`: the listing that found it, 0 where it was recorded; until that
 * listing is complete, its referrers may be unknown. `seen`: the last listing that had it. `links`: which entry
 * refers to which. `state`: the size of all, kept by triggers, and the last listings begun and completed.
 */
const schema = `
  DROP TABLE IF EXISTS entries; DROP TABLE IF EXISTS links; DROP TABLE IF EXISTS state;
  CREATE TABLE entries (
    key TEXT PRIMARY KEY, size INTEGER NOT NULL, used INTEGER NOT NULL, going INTEGER NOT NULL,
    born INTEGER NOT NULL, seen INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX entries_by_use ON entries (used, key);
  CREATE TABLE links (source TEXT NOT NULL, target TEXT NOT NULL, PRIMARY KEY (source, target)) WITHOUT ROWID;
  CREATE INDEX links_by_target ON links (target);
  CREATE TABLE state (bytes INTEGER NOT NULL, begun INTEGER NOT NULL, completed INTEGER NOT NULL);
  INSERT INTO state VALUES (0, 0, 0);
  CREATE TRIGGER entry_added AFTER INSERT ON entries WHEN NEW.going = 0
    BEGIN UPDATE state SET bytes = bytes + NEW.size; END;
  CREATE TRIGGER entry_removed AFTER DELETE ON entries WHEN OLD.going = 0
    BEGIN UPDATE state SET bytes = bytes - OLD.size; END;
  CREATE TRIGGER entry_changed AFTER UPDATE OF size, going ON entries
    BEGIN UPDATE state SET bytes = bytes + NEW.size * (NEW.going = 0) - OLD.size * (OLD.going = 0); END;
  PRAGMA user_version = ${schemaVersion};
`;

/** Time to wait for another process that writes. */
const patienceMs = 10_000;

/** A database that is begun anew when it turns out damaged. All calls may throw `home_unusable` and `disk_full`. */
export interface UsageDatabase extends Disposable {
  run<T>(work: (database: DatabaseSync) => T): T;
  /** Runs the work as one change that other processes see whole or not at all. */
  change<T>(work: (database: DatabaseSync) => T): T;
}

export function openUsageDatabase(file: string): UsageDatabase {
  let database = naming(file, () => openOrReplace(file));
  const run = <T>(work: (database: DatabaseSync) => T): T =>
    naming(file, () => {
      try {
        return work(database);
      } catch (error) {
        if (!isDamage(error)) throw error;
        database.close();
        database = replace(file);
        return work(database);
      }
    });
  return {
    run,
    change: <T>(work: (database: DatabaseSync) => T): T =>
      run((database) => {
        let outcome: { readonly value: T } | undefined;
        changeIndex(database, () => {
          outcome = { value: work(database) };
        });
        if (outcome === undefined) throw new AshlarError('internal', 'a change was not made');
        return outcome.value;
      }),
    [Symbol.dispose]() {
      database.close();
    },
  };
}

function openOrReplace(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true });
  try {
    return open(file);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return replace(file);
  }
}

/** Who has the old file open keeps what was there. */
function replace(file: string): DatabaseSync {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
  return open(file);
}

/** SQLite waits for others by itself, but not when it changes to WAL, nor while another process mends what a kill left. */
function open(file: string): DatabaseSync {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    try {
      return openOnce(file);
    } catch (error) {
      if (sqliteCode(error) !== busy || performance.now() > untilMs) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
    }
  }
}

/** The result code of SQLite for a database that another process has locked. */
const busy = 5;
const pauseMs = 20;

function openOnce(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: patienceMs });
  try {
    // What a power failure takes is found again in the store.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;');
    if (versionOf(database) !== schemaVersion) {
      changeIndex(database, () => {
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

function naming<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const resultCode = sqliteCode(error);
    const systemCode = resultCode === undefined ? systemErrorCode(error) : undefined;
    const why = error instanceof Error ? error.message : '';
    if (resultCode === 13 || systemCode === 'ENOSPC' || systemCode === 'EDQUOT') {
      throw new AshlarError('disk_full', `no space left for ${whatOf(file)}`, about(file, error));
    }
    const isUnusable = [5, 6, 8, 10, 14].includes(resultCode ?? 0);
    const isDenied = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'].includes(systemCode ?? '');
    if (!isUnusable && !isDenied) throw error;
    throw new AshlarError(
      'home_unusable',
      `cannot use ${whatOf(file)}: ${why}`,
      about(file, error),
    );
  }
}

function whatOf(file: string): string {
  return `the record of what a cache holds, ${file}`;
}

function about(file: string, cause: unknown): ErrorOptions {
  return { data: { path: file }, cause };
}

/** The primary result code (https://www.sqlite.org/rescode.html). */
function sqliteCode(error: unknown): number | undefined {
  if (systemErrorCode(error) !== 'ERR_SQLITE_ERROR') return undefined;
  const extended = (error as { errcode?: unknown }).errcode;
  return typeof extended === 'number' ? extended & 0xff : undefined;
}
