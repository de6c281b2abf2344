import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { type Digest, digestBytes, digestFromBytes } from '../digest/digest.ts';
import {
  changeDatabase,
  databaseFailure,
  isDamage,
  openCacheDatabase,
  replaceCacheDatabase,
} from '../disk/cache-database.ts';
import { indexDatabase } from './index-database.ts';
import { codecs, type PackLocation, type PackRecord } from './pack-format.ts';

/**
 * Which chunks a store holds already, and where: a cache on this machine. It is never needed to read an image and can
 * be rebuilt from the packs; losing it costs dedup, not data.
 */
export interface ChunkIndex extends Disposable {
  /** Where a chunk is said to be; an entry that was damaged on disk counts as none. */
  find(digest: Digest): PackLocation | undefined;
  /** Learns what is in a pack; for chunks that are in others too, this one is named from now on. */
  addPack(pack: Digest, records: readonly PackRecord[]): void;
  /** True for packs that were added or retired. */
  hasPack(pack: Digest): boolean;
  /** Forgets a pack that is gone, with all that was said to be in it. */
  forgetPack(pack: Digest): void;
  /** Forgets what is in a pack that nothing new shall refer to, but not the pack, so that it is not learned again. */
  retirePack(pack: Digest): void;
}

/**
 * Opens the index in a SQLite file (made where missing), or in memory for `:memory:`. Several processes may share the
 * file. One that turns out damaged is begun anew. All calls may throw `home_unusable` and `disk_full`.
 */
export function openChunkIndex(file: string): ChunkIndex {
  let tables = openCacheDatabase(file, indexDatabase, prepareTables);
  const run = <T>(work: (tables: Tables) => T): T => {
    try {
      try {
        return work(tables);
      } catch (error) {
        if (!isDamage(error)) throw error;
        tables.database.close();
        tables = replaceCacheDatabase(file, indexDatabase, prepareTables);
        return work(tables);
      }
    } catch (error) {
      throw databaseFailure(error, file, indexDatabase);
    }
  };
  return {
    find: (digest) => run((tables) => findChunk(tables, digest)),
    addPack(pack, records) {
      run((tables) => {
        changeDatabase(tables.database, () => {
          const id = makePackId(tables, pack);
          for (const record of records) insertRecord(tables, { pack, id }, record);
        });
      });
    },
    hasPack: (pack) => run((tables) => packId(tables, pack) !== undefined),
    forgetPack(pack) {
      run((tables) => {
        const id = packId(tables, pack);
        if (id === undefined) return;
        changeDatabase(tables.database, () => {
          tables.deleteChunks.run(id);
          tables.deletePack.run(id);
        });
      });
    },
    retirePack(pack) {
      run((tables) => {
        changeDatabase(tables.database, () => {
          tables.deleteChunks.run(makePackId(tables, pack));
        });
      });
    },
    [Symbol.dispose]() {
      tables.database.close();
    },
  };
}

interface Tables {
  readonly database: DatabaseSync;
  readonly find: StatementSync;
  readonly findPack: StatementSync;
  readonly insertPack: StatementSync;
  readonly insertChunk: StatementSync;
  readonly deleteChunks: StatementSync;
  readonly deletePack: StatementSync;
}

function prepareTables(database: DatabaseSync): Tables {
  return {
    database,
    find: database.prepare(
      'SELECT p.name, c.at, c.stored, c.plain, c.codec, c.checksum FROM chunks c JOIN packs p ON p.id = c.pack WHERE c.digest = ?',
    ),
    findPack: database.prepare('SELECT id FROM packs WHERE name = ?'),
    insertPack: database.prepare('INSERT OR IGNORE INTO packs (name) VALUES (?)'),
    insertChunk: database.prepare('INSERT OR REPLACE INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?)'),
    deleteChunks: database.prepare('DELETE FROM chunks WHERE pack = ?'),
    deletePack: database.prepare('DELETE FROM packs WHERE id = ?'),
  };
}

function findChunk({ find }: Tables, digest: Digest): PackLocation | undefined {
  const row = find.get(digestBytes(digest));
  const codec = codecs[Number(row?.['codec'])];
  const name = row?.['name'];
  if (row === undefined || codec === undefined || !(name instanceof Uint8Array)) return undefined;
  if (name.length !== 32) return undefined;
  const location = {
    pack: digestFromBytes(Buffer.from(name)),
    offset: Number(row['at']),
    storedBytes: Number(row['stored']),
    plainBytes: Number(row['plain']),
    codec,
  };
  return checksumOf(digest, location) === row['checksum'] ? location : undefined;
}

function insertRecord(
  { insertChunk }: Tables,
  { pack, id }: { readonly pack: Digest; readonly id: number },
  { digest, ...place }: PackRecord,
): void {
  const { offset, storedBytes, plainBytes } = place;
  const codec = codecs.indexOf(place.codec);
  const checksum = checksumOf(digest, { pack, ...place });
  insertChunk.run(digestBytes(digest), id, offset, storedBytes, plainBytes, codec, checksum);
}

function packId({ findPack }: Tables, pack: Digest): number | undefined {
  const row = findPack.get(digestBytes(pack));
  return row === undefined ? undefined : Number(row['id']);
}

function makePackId(tables: Tables, pack: Digest): number {
  tables.insertPack.run(digestBytes(pack));
  return packId(tables, pack) ?? 0;
}

/** SQLite does not notice a flipped bit in a number, and an image must not be published with a wrong place in it. */
function checksumOf(digest: Digest, location: PackLocation): number {
  const { pack, offset, storedBytes, plainBytes, codec } = location;
  return crc32(`${digest} ${pack} ${offset} ${storedBytes} ${plainBytes} ${codec}`);
}
