import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import {
  type CacheDatabaseKind,
  changeDatabase,
  type Digest,
  digestHex,
  openCacheDatabase,
  parseDigest,
  sqliteCode,
  toBytes,
} from '../../src/index.ts';
import { type DigestCache, sameStat } from './digest-cache.ts';
import type { FileStat } from './source-tree.ts';

export interface SqliteDigestCacheOptions {
  readonly file: string;
  readonly maxRows: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Rows written in one transaction. */
const batchRows = 1000;
const dayMs = 86_400_000;
const digestLength = 32;

const selectDigest = `SELECT digest, used, checksum FROM digests
  WHERE path = ? AND size = ? AND mtime = ? AND ctime = ? AND inode = ?`;

const digestDatabase: CacheDatabaseKind = {
  what: 'the cache of file digests',
  version: 2,
  patienceMs: 2000,
  schema: `
    DROP TABLE IF EXISTS digests;
    CREATE TABLE digests (
      path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL,
      inode INTEGER NOT NULL, digest BLOB NOT NULL, used INTEGER NOT NULL,
      checksum INTEGER NOT NULL
    ) WITHOUT ROWID, STRICT;
    CREATE INDEX digests_used ON digests (used);
  `,
};

/**
 * A cache in an SQLite file, for several processes at a time. What is put is written in batches and on disposal; what
 * was used longest ago goes when there are more than `maxRows`. A file that is damaged or of another version is
 * begun anew: nothing in it is needed. A file that another process holds locked for long is written to later or not.
 * Throws `home_unusable` or `disk_full` where there can be no such file.
 */
export function openSqliteDigestCache(options: SqliteDigestCacheOptions): DigestCache & Disposable {
  const { database, select } = openCacheDatabase(options.file, digestDatabase, prepareTable);
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
      // A digest with a flipped bit would make a file look as if it had changed, in this build and the next.
      if (row?.['checksum'] !== checksumOf(keyOf(stat), bytes)) return undefined;
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

interface OpenDatabase {
  readonly database: DatabaseSync;
  readonly select: StatementSync;
}

function prepareTable(database: DatabaseSync): OpenDatabase {
  return { database, select: database.prepare(selectDigest) };
}

type Key = [Buffer, number, bigint, bigint, bigint];

function keyOf({ path, sizeBytes, mtimeNs, ctimeNs, inode }: FileStat): Key {
  return [toBytes(path), sizeBytes, mtimeNs, ctimeNs, BigInt.asIntN(64, inode)];
}

function checksumOf(key: Key, digest: Uint8Array): number {
  const [path, ...numbers] = key;
  return crc32(digest, crc32(numbers.join(' '), crc32(path)));
}

function writeBatch(database: DatabaseSync, rows: readonly Row[], maxRows: number): void {
  guarded(() =>
    changeDatabase(database, () => {
      const insert: StatementSync = database.prepare(
        'INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      );
      for (const { stat, digest, used } of rows) {
        const key = keyOf(stat);
        const bytes = Buffer.from(digestHex(digest), 'hex');
        insert.run(...key, bytes, used, checksumOf(key, bytes));
      }
      const trim = `DELETE FROM digests WHERE path IN (
        SELECT path FROM digests ORDER BY used DESC LIMIT -1 OFFSET ?)`;
      database.prepare(trim).run(maxRows);
    }),
  );
}

/** A cache that cannot be read or written at the moment is as good as an empty one. */
function guarded<Result>(call: () => Result): Result | undefined {
  try {
    return call();
  } catch (error) {
    if (sqliteCode(error) === undefined) throw error;
    return undefined;
  }
}
