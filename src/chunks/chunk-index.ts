import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Digest, digestBytes, digestFromBytes } from '../digest/digest.ts';
import { codecs, type PackLocation, type PackRecord } from './pack-format.ts';

/**
 * Which chunks a store holds already, and where: a cache on this machine. It is never needed to read an image and can
 * be rebuilt from the packs; losing it costs dedup, not data.
 */
export interface ChunkIndex extends Disposable {
  find(digest: Digest): PackLocation | undefined;
  addPack(pack: Digest, records: readonly PackRecord[]): void;
  hasPack(pack: Digest): boolean;
  /** Forgets a pack that is gone, with all that was said to be in it. */
  forgetPack(pack: Digest): void;
}

const schema = `
  CREATE TABLE IF NOT EXISTS packs (id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS chunks (
    digest BLOB PRIMARY KEY, pack INTEGER NOT NULL, at INTEGER NOT NULL,
    stored INTEGER NOT NULL, plain INTEGER NOT NULL, codec INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS chunks_of_pack ON chunks (pack);
`;

/** Opens the index in a SQLite file (made where missing), or in memory for `:memory:`. Several processes may share the file. */
export function openChunkIndex(file: string): ChunkIndex {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file, { timeout: 10_000 });
  // A cache: what a power failure takes is found again in the packs.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;');
  database.exec(schema);
  const find = database.prepare(
    'SELECT p.name, c.at, c.stored, c.plain, c.codec FROM chunks c JOIN packs p ON p.id = c.pack WHERE c.digest = ?',
  );
  const findPack = database.prepare('SELECT id FROM packs WHERE name = ?');
  const insertPack = database.prepare('INSERT OR IGNORE INTO packs (name) VALUES (?)');
  const insertChunk = database.prepare('INSERT OR REPLACE INTO chunks VALUES (?, ?, ?, ?, ?, ?)');
  const deleteChunks = database.prepare('DELETE FROM chunks WHERE pack = ?');
  const deletePack = database.prepare('DELETE FROM packs WHERE id = ?');
  const packId = (pack: Digest): number | undefined => {
    const row = findPack.get(digestBytes(pack));
    return row === undefined ? undefined : Number(row['id']);
  };
  return {
    find(digest) {
      const row = find.get(digestBytes(digest));
      if (row === undefined) return undefined;
      const codec = codecs[Number(row['codec'])] ?? 'raw';
      return {
        pack: digestFromBytes(Buffer.from(row['name'] as Uint8Array)),
        offset: Number(row['at']),
        storedBytes: Number(row['stored']),
        plainBytes: Number(row['plain']),
        codec,
      };
    },
    addPack(pack, records) {
      transaction(database, () => {
        insertPack.run(digestBytes(pack));
        const id = packId(pack) ?? 0;
        for (const record of records) {
          const codec = codecs.indexOf(record.codec);
          const digest = digestBytes(record.digest);
          insertChunk.run(digest, id, record.offset, record.storedBytes, record.plainBytes, codec);
        }
      });
    },
    hasPack: (pack) => packId(pack) !== undefined,
    forgetPack(pack) {
      const id = packId(pack);
      if (id === undefined) return;
      transaction(database, () => {
        deleteChunks.run(id);
        deletePack.run(id);
      });
    },
    [Symbol.dispose]() {
      database.close();
    },
  };
}

function transaction(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
