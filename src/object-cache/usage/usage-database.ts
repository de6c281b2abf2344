import type { DatabaseSync } from 'node:sqlite';
import {
  type CacheDatabaseKind,
  changeDatabase,
  databaseFailure,
  isDamage,
  openCacheDatabase,
  replaceCacheDatabase,
  sqliteCode,
} from '../../disk/cache-database.ts';

/**
 * `entries`: what the store holds. `used`: when it was used last, in ms. `going`: when an evictor took it for deletion, 0
 * where none did; such an entry no longer counts. `born`: the listing that found it, 0 where it was recorded; until that
 * listing is complete, its referrers may be unknown. `seen`: the last listing that had it. `links`: which entry
 * refers to which. `state`: the size of all, kept by triggers, the last listings begun and completed, and when the last was
 * begun, in ms.
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
  CREATE TABLE state (
    bytes INTEGER NOT NULL, begun INTEGER NOT NULL, completed INTEGER NOT NULL, listed INTEGER NOT NULL
  );
  INSERT INTO state VALUES (0, 0, 0, 0);
  CREATE TRIGGER entry_added AFTER INSERT ON entries WHEN NEW.going = 0
    BEGIN UPDATE state SET bytes = bytes + NEW.size; END;
  CREATE TRIGGER entry_removed AFTER DELETE ON entries WHEN OLD.going = 0
    BEGIN UPDATE state SET bytes = bytes - OLD.size; END;
  CREATE TRIGGER entry_changed AFTER UPDATE OF size, going ON entries
    BEGIN UPDATE state SET bytes = bytes + NEW.size * (NEW.going = 0) - OLD.size * (OLD.going = 0); END;
`;

/** SQLITE_BUSY. */
const busy = 5;

const usageDatabase: CacheDatabaseKind = {
  what: 'the record of what a cache holds',
  version: 2,
  schema,
  patienceMs: 10_000,
};

/** A database that is begun anew when it turns out damaged. All calls may throw `home_unusable` and `disk_full`. */
export interface UsageDatabase extends Disposable {
  run<T>(work: (database: DatabaseSync) => T): T;
  /** Runs the work as one change that other processes see whole or not at all. */
  change<T>(work: (database: DatabaseSync) => T): T;
}

/**
 * Opening waits long for others. Later nobody does: waiting stops the whole process, with all its requests. Who has waited in vain
 * once does not wait again until it is free.
 */
const patienceMs = { once: 1_000, afterwards: 0 };

export function openUsageDatabase(file: string): UsageDatabase {
  let patience: keyof typeof patienceMs = 'once';
  const impatient = (database: DatabaseSync): DatabaseSync => {
    database.exec(`PRAGMA busy_timeout = ${patienceMs[patience]}`);
    return database;
  };
  let database = openCacheDatabase(file, usageDatabase, impatient);
  const setPatience = (wanted: typeof patience): void => {
    if (patience === wanted) return;
    patience = wanted;
    impatient(database);
  };
  const run = <T>(work: (database: DatabaseSync) => T): T => {
    try {
      try {
        return work(database);
      } catch (error) {
        if (!isDamage(error) && database.isOpen) throw error;
        // Closed already where it could not be replaced the last time.
        if (database.isOpen) database.close();
        database = replaceCacheDatabase(file, usageDatabase, impatient);
        return work(database);
      }
    } catch (error) {
      if (sqliteCode(error) === busy) setPatience('afterwards');
      throw databaseFailure(error, file, usageDatabase);
    }
  };
  return {
    run,
    change(work) {
      const outcome = run((tables) => changeDatabase(tables, () => work(tables)));
      // Reading goes on while others write, and tells nothing.
      setPatience('once');
      return outcome;
    },
    [Symbol.dispose]() {
      if (database.isOpen) database.close();
    },
  };
}
