import type { CacheDatabaseKind } from '../disk/cache-database.ts';

/** The tables of a chunk index: a cache, what it loses is found again in the packs. */
export const indexDatabase: CacheDatabaseKind = {
  what: 'the index of chunks',
  version: 2,
  patienceMs: 10_000,
  schema: `
    DROP TABLE IF EXISTS chunks;
    DROP TABLE IF EXISTS packs;
    CREATE TABLE packs (id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE);
    CREATE TABLE chunks (
      digest BLOB PRIMARY KEY, pack INTEGER NOT NULL, at INTEGER NOT NULL,
      stored INTEGER NOT NULL, plain INTEGER NOT NULL, codec INTEGER NOT NULL, checksum INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX chunks_of_pack ON chunks (pack);
  `,
};
