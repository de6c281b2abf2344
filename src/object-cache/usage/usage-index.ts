import type { DatabaseSync } from 'node:sqlite';
import { hasCode } from '../../errors/has-code.ts';
import { openUsageDatabase, type UsageDatabase } from './usage-database.ts';
import { type ReconcileOptions, reconcileUsage } from './usage-reconcile.ts';
import { createVictims, type Victims } from './usage-victims.ts';

export interface UsageEntry {
  readonly key: string;
  readonly sizeBytes: number;
  readonly usedMs: number;
}

export interface UsageRecord {
  readonly key: string;
  readonly sizeBytes: number;
  /** What this object refers to, by key: kept as long as an object that refers to it. Default none. */
  readonly refersTo?: readonly string[];
}

/**
 * What a cache's store holds, how much that is, and when each object was used last, as this host knows it: a file that
 * its processes share. It can be lost: `reconcile` finds in the store what is there, and takes the time of storing for that
 * of the last use. A damaged file is begun anew, and is then not complete.
 *
 * Of several hosts with one store each has an index of its own, which learns what the others stored, and deleted, with
 * each `reconcile` (`keepCounting` does so from time to time); until then the total is off by that, and it never learns what
 * they used.
 *
 * All calls may throw `home_unusable` and `disk_full`; disposing only tells of them.
 */
export interface UsageIndex extends Disposable {
  /** Learns of an object, before it is stored: it counts from now on, and its last use is now. */
  record(entry: UsageRecord): 'new' | 'known';
  /** The object was used. Kept in memory, and written with others within `flushMs`. */
  touch(key: string): void;
  /** Forgets an object that is not in the store. */
  forget(key: string): void;
  has(key: string): boolean;
  totalBytes(): number;
  /** What nothing refers to, by its last use, the oldest first. */
  leastRecentlyUsed(limit: number): readonly UsageEntry[];
  /** Whether the store was listed to its end since the file was made. */
  isComplete(): boolean;
  /** When a process of this host last began to list the store; milliseconds since 1970, 0 for never. */
  listedMs(): number;
  /** Lists the store, to learn what it holds and forget what it does not. */
  reconcile(options: ReconcileOptions): Promise<void>;
  /** Writes what was touched. */
  flush(): void;
  /** For the evictor. */
  readonly victims: Victims;
}

export interface UsageIndexOptions {
  readonly nowMs?: () => number;
  /** Default 5 s. */
  readonly flushMs?: number;
  /** Told when what was used last cannot be written at the end. */
  readonly onProblem?: (error: unknown) => void;
}

const defaultFlushMs = 5_000;

/** Written at once beyond the first, which takes some ms; thrown away beyond the second, when they cannot be written. */
const touchesAtOnce = 2_000;
const maxTouches = 10_000;

/** Opens the index in a file of SQLite, made where it is missing. */
export function openUsageIndex(file: string, options: UsageIndexOptions = {}): UsageIndex {
  const nowMs = options.nowMs ?? Date.now;
  const database = openUsageDatabase(file);
  const touches = createTouches(database, options.flushMs ?? defaultFlushMs);
  return {
    record(entry) {
      return database.change((tables) => recordEntry(tables, entry, nowMs()));
    },
    touch: (key) => touches.add(key, nowMs()),
    forget(key) {
      database.change((tables) => {
        tables.prepare('DELETE FROM entries WHERE key = ?').run(key);
        tables.prepare('DELETE FROM links WHERE source = ?').run(key);
      });
    },
    has: (key) =>
      database.run(
        (tables) =>
          tables.prepare('SELECT 1 FROM entries WHERE key = ? AND going = 0').get(key) !==
          undefined,
      ),
    totalBytes: () => stateOf(database, 'bytes'),
    leastRecentlyUsed(limit) {
      touches.flush();
      return database.run((tables) => tables.prepare(oldestSql).all(limit).map(entryOf));
    },
    isComplete: () => stateOf(database, 'completed') > 0,
    listedMs: () => stateOf(database, 'listed'),
    reconcile: (reconciling) => reconcileUsage(database, reconciling, nowMs),
    flush: touches.flush,
    victims: createVictims({ database, flush: touches.flush, nowMs }),
    [Symbol.dispose]() {
      try {
        touches.flush();
      } catch (error) {
        if (!isOfDisk(error)) throw error;
        options.onProblem?.(error);
      } finally {
        touches.stop();
        database[Symbol.dispose]();
      }
    },
  };
}

/** Entries to which no other refers. */
const oldestSql = `
  SELECT key, size, used FROM entries e WHERE going = 0 AND NOT EXISTS (
    SELECT 1 FROM links l JOIN entries s ON s.key = l.source WHERE l.target = e.key AND s.going = 0
  ) ORDER BY used, key LIMIT ?`;

function recordEntry(tables: DatabaseSync, entry: UsageRecord, now: number): 'new' | 'known' {
  const { key, sizeBytes, refersTo = [] } = entry;
  const known = tables.prepare('SELECT 1 FROM entries WHERE key = ? AND going = 0').get(key);
  tables
    .prepare(
      `INSERT INTO entries VALUES (?, ?, ?, 0, 0, 0) ON CONFLICT (key)
       DO UPDATE SET size = excluded.size, used = max(used, excluded.used), going = 0, born = 0`,
    )
    .run(key, sizeBytes, now);
  tables.prepare('DELETE FROM links WHERE source = ?').run(key);
  const link = tables.prepare('INSERT OR IGNORE INTO links VALUES (?, ?)');
  const use = tables.prepare('UPDATE entries SET used = max(used, ?) WHERE key = ?');
  for (const target of refersTo) {
    link.run(key, target);
    use.run(now, target);
  }
  return known === undefined ? 'new' : 'known';
}

interface Touches {
  add(key: string, usedMs: number): void;
  flush(): void;
  stop(): void;
}

/** What an entry refers to is used with it, so that both stand together in the order of use. */
function createTouches(database: UsageDatabase, flushMs: number): Touches {
  const touched = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;

  function stop(): void {
    clearTimeout(timer);
    timer = undefined;
  }

  function flush(): void {
    stop();
    if (touched.size === 0) return;
    database.change((tables) => {
      const use = tables.prepare('UPDATE entries SET used = max(used, ?1) WHERE key = ?2');
      const useTargets = tables.prepare(
        'UPDATE entries SET used = max(used, ?1) WHERE key IN (SELECT target FROM links WHERE source = ?2)',
      );
      for (const [key, usedMs] of touched) {
        use.run(usedMs, key);
        useTargets.run(usedMs, key);
      }
    });
    touched.clear();
  }

  /** What cannot be written now is kept for the next time: nobody waits for a timer's failure. */
  function flushLater(): void {
    try {
      flush();
    } catch (error) {
      if (!isOfDisk(error)) throw error;
      if (touched.size > maxTouches) touched.clear();
    }
  }

  return {
    add(key, usedMs) {
      touched.set(key, usedMs);
      if (touched.size >= touchesAtOnce) return flushLater();
      timer ??= setTimeout(flushLater, flushMs).unref();
    },
    flush,
    stop,
  };
}

function isOfDisk(error: unknown): boolean {
  return hasCode(error, 'disk_full', 'home_unusable');
}

function stateOf(database: UsageDatabase, column: 'bytes' | 'completed' | 'listed'): number {
  return database.run((tables) =>
    Number(tables.prepare(`SELECT ${column} AS value FROM state`).get()?.['value']),
  );
}

function entryOf(row: Record<string, unknown>): UsageEntry {
  return {
    key: String(row['key']),
    sizeBytes: Number(row['size']),
    usedMs: Number(row['used']),
  };
}
