import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type Digest, digestHex, parseDigest, toBytes } from '../../src/index.ts';
import { type DigestCache, sameStat } from './digest-cache.ts';
import type { FileStat } from './source-tree.ts';

export interface SqliteDigestCacheOptions {
  readonly file: string;
  readonly maxRows: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Another version of the table is thrown away with its file. */
const schemaVersion = 1;
/** Rows written in one transaction. */
const batchRows = 1000;
const busyTimeoutMs = 2000;
const dayMs = 86_400_000;
const digestLength = 32;
const notADatabase: ReadonlySet<number> = new Set([11, 26]);

const schema = `
  CREATE TABLE IF NOT EXISTS digests (
    path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL,
    inode INTEGER NOT NULL, digest BLOB NOT NULL, used INTEGER NOT NULL
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX IF NOT EXISTS digests_used ON digests (used);
  PRAGMA user_version = ${schemaVersion};
`;

/**
 * A cache in an SQLite file, for several processes at a time. What is put is written in batches and on disposal; what
 * was used longest ago goes when there are more than `maxRows`. A file that is damaged or of another version is
 * begun anew: nothing in it is needed. A file that another process holds locked for long is written to later or not.
 */
export function openSqliteDigestCache(options: SqliteDigestCacheOptions): DigestCache & Disposable {
  const database = openOrReplace(options.file);
  const select = database.prepare(
    'SELECT digest, used FROM digests WHERE path = ? AND size = ? AND mtime = ? AND ctime = ? AND inode = ?',
  );
  const pending = new Map<string, Row>();
  const today = Math.trunc(options.now() / dayMs);
  const flush = (): void => {
    if (pending.size > 0) writeBatch(database, [...pending.values()], options.maxRows);
    pending.clear();
  };
  const put = (stat: FileStat, digest: Digest): void => {
    pending.set(stat.path, { stat, digest, used: today });
    if (pending.size >= batchRows) flush();
  };
  return {
    get(stat) {
      const waiting = pending.get(stat.path);
      if (waiting !== undefined && sameStat(waiting.stat, stat)) return waiting.digest;
      const row = guarded(() => select.get(...keyOf(stat)));
      const bytes = row?.['digest'];
      if (!(bytes instanceof Uint8Array) || bytes.length !== digestLength) return undefined;
      const digest = parseDigest(`blake3:${Buffer.from(bytes).toString('hex')}`);
      if (row?.['used'] !== today) put(stat, digest);
      return digest;
    },
    put,
    [Symbol.dispose]() {
      flush();
      database.close();
    },
  };
}

interface Row {
  readonly stat: FileStat;
  readonly digest: Digest;
  /** The day of the last use, counted from 1970. */
  readonly used: number;
}

function openOrReplace(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true });
  try {
    return openDatabase(file);
  } catch (error) {
    if (!(error instanceof StaleDatabase) && !notADatabase.has(sqliteCode(error))) throw error;
    for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
    return openDatabase(file);
  }
}

class StaleDatabase extends Error {}

function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs });
  try {
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version !== 0 && version !== schemaVersion) throw new StaleDatabase();
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;');
    database.exec(schema);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

type Key = [Buffer, number, bigint, bigint, bigint];

function keyOf({ path, sizeBytes, mtimeNs, ctimeNs, inode }: FileStat): Key {
  return [toBytes(path), sizeBytes, mtimeNs, ctimeNs, BigInt.asIntN(64, inode)];
}

function writeBatch(database: DatabaseSync, rows: readonly Row[], maxRows: number): void {
  guarded(() => {
    database.exec('BEGIN IMMEDIATE');
    try {
      const insert: StatementSync = database.prepare(
        'INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?, ?, ?, ?)',
      );
      for (const { stat, digest, used } of rows) {
        insert.run(...keyOf(stat), Buffer.from(digestHex(digest), 'hex'), used);
      }
      const trim = `DELETE FROM digests WHERE path IN (
        SELECT path FROM digests ORDER BY used DESC LIMIT -1 OFFSET ?)`;
      database.prepare(trim).run(maxRows);
      database.exec('COMMIT');
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
  });
}

/** A cache that cannot be read or written at the moment is as good as an empty one. */
function guarded<Result>(call: () => Result): Result | undefined {
  try {
    return call();
  } catch (error) {
    if (sqliteCode(error) === 0) throw error;
    return undefined;
  }
}

/** SQLite's primary result code of an error of node:sqlite; 0 for any other error. */
function sqliteCode(error: unknown): number {
  if (!(error instanceof Error) || !('errcode' in error)) return 0;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : 0;
}
