import { mkdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import {
  createMemoryDigestCache,
  type DigestCache,
  isSettled,
} from '../../../builder/context/digest-cache.ts';
import type { FileStat } from '../../../builder/context/source-tree.ts';
import { openSqliteDigestCache } from '../../../builder/context/sqlite-digest-cache.ts';
import { digestHex, digestOf } from '../../../src/digest/digest.ts';
import { createTempDir } from '../../../src/disk/temp-dir.ts';

const now = (): number => 1_700_000_000_000;
const one = digestOf(Buffer.from('1'));
const two = digestOf(Buffer.from('2'));

function statOf(path: string, changes: Partial<FileStat> = {}): FileStat {
  return {
    path,
    sizeBytes: 1,
    mtimeNs: 5_000_000_000_000_000_001n,
    ctimeNs: 7n,
    inode: 2n ** 63n + 5n,
    ...changes,
  };
}

interface Kept extends AsyncDisposable {
  readonly cache: DigestCache;
}

const implementations: Readonly<Record<string, (max: number) => Promise<Kept>>> = {
  memory: (maxEntries) =>
    Promise.resolve({
      cache: createMemoryDigestCache({ maxEntries }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
  sqlite: async (maxRows) => {
    const directory = await createTempDir(tmpdir(), 'ashlar-digests');
    const cache = openSqliteDigestCache({ file: join(directory.path, 'digests'), maxRows, now });
    return {
      cache,
      async [Symbol.asyncDispose]() {
        cache[Symbol.dispose]();
        await directory[Symbol.asyncDispose]();
      },
    };
  },
};

describe.each(Object.entries(implementations))('a digest cache (%s)', (_name, open) => {
  it('gives what was put for the same stat, and nothing for one that differs in anything', async () => {
    await using kept = await open(10);
    const { cache } = kept;
    cache.put(statOf('/a\xff'), one);
    expect(cache.get(statOf('/a\xff'))).toBe(one);
    for (const different of [
      statOf('/b'),
      statOf('/a\xff', { sizeBytes: 2 }),
      statOf('/a\xff', { mtimeNs: 5_000_000_000_000_000_002n }),
      statOf('/a\xff', { ctimeNs: -7n }),
      statOf('/a\xff', { inode: 5n }),
    ]) {
      expect(cache.get(different)).toBeUndefined();
    }
  });

  it('keeps the newest of a path', async () => {
    await using kept = await open(10);
    kept.cache.put(statOf('/a'), one);
    kept.cache.put(statOf('/a', { ctimeNs: 8n }), two);
    expect(kept.cache.get(statOf('/a'))).toBeUndefined();
    expect(kept.cache.get(statOf('/a', { ctimeNs: 8n }))).toBe(two);
  });
});

describe('the cache in memory', () => {
  it('holds no more than it may', () => {
    const cache = createMemoryDigestCache({ maxEntries: 2 });
    for (const path of ['/a', '/b', '/c']) cache.put(statOf(path), one);
    expect(['/a', '/b', '/c'].map((path) => cache.get(statOf(path)))).toEqual([
      undefined,
      one,
      one,
    ]);
  });
});

describe('the cache in a file', () => {
  const day = 86_400_000;

  it('is there again after it was closed, for several at a time', async () => {
    await using directory = await createTempDir(tmpdir(), 'ashlar-digests');
    const file = join(directory.path, 'made/digests');
    {
      using first = openSqliteDigestCache({ file, maxRows: 10, now });
      using second = openSqliteDigestCache({ file, maxRows: 10, now });
      first.put(statOf('/a'), one);
      second.put(statOf('/b'), two);
    }
    using again = openSqliteDigestCache({ file, maxRows: 10, now });
    expect([again.get(statOf('/a')), again.get(statOf('/b'))]).toEqual([one, two]);
  });

  it('forgets what was not used for longest', async () => {
    await using directory = await createTempDir(tmpdir(), 'ashlar-digests');
    const file = join(directory.path, 'digests');
    const at = (days: number): { file: string; maxRows: number; now: () => number } => ({
      file,
      maxRows: 3,
      now: () => days * day,
    });
    {
      using cache = openSqliteDigestCache(at(1));
      for (const path of ['/a', '/b', '/c']) cache.put(statOf(path), one);
    }
    {
      using cache = openSqliteDigestCache(at(2));
      expect(cache.get(statOf('/a'))).toBe(one);
      expect(cache.get(statOf('/c'))).toBe(one);
      cache.put(statOf('/d'), one);
    }
    using cache = openSqliteDigestCache(at(3));
    expect(['/a', '/b', '/c', '/d'].map((path) => cache.get(statOf(path)))).toEqual([
      one,
      undefined,
      one,
      one,
    ]);
  });

  it('stays small however much is put', async () => {
    await using directory = await createTempDir(tmpdir(), 'ashlar-digests');
    const file = join(directory.path, 'digests');
    {
      using cache = openSqliteDigestCache({ file, maxRows: 500, now });
      for (let index = 0; index < 5500; index += 1) cache.put(statOf(`/file-${index}`), one);
    }
    using database = new DatabaseSync(file, { readOnly: true });
    expect(database.prepare('SELECT count(*) AS rows FROM digests').get()?.['rows']).toBe(500);
    expect((await stat(file)).size).toBeLessThan(1024 * 1024);
  });

  it.each([
    ['garbage', 'this is no database, and longer than a header of one hundred bytes'.repeat(20)],
    ['a cut header', 'SQLite format 3\0'],
  ])('begins anew on %s', async (_what, bytes) => {
    await using directory = await createTempDir(tmpdir(), 'ashlar-digests');
    const file = join(directory.path, 'digests');
    await writeFile(file, bytes);
    using cache = openSqliteDigestCache({ file, maxRows: 10, now });
    cache.put(statOf('/a'), one);
    expect(cache.get(statOf('/a'))).toBe(one);
  });

  it('begins anew on another version', async () => {
    await using directory = await createTempDir(tmpdir(), 'ashlar-digests');
    const file = join(directory.path, 'digests');
    {
      using database = new DatabaseSync(file);
      database.exec('CREATE TABLE digests (other); PRAGMA user_version = 99;');
    }
    using cache = openSqliteDigestCache({ file, maxRows: 10, now });
    cache.put(statOf('/a'), one);
    expect(cache.get(statOf('/a'))).toBe(one);
  });

  it('begins anew on tables that are not its own', async () => {
    await using directory = await createTempDir(tmpdir(), 'ashlar-digests');
    const file = join(directory.path, 'digests');
    openSqliteDigestCache({ file, maxRows: 10, now })[Symbol.dispose]();
    {
      using database = new DatabaseSync(file);
      database.exec('ALTER TABLE digests RENAME COLUMN size TO sise');
    }
    using cache = openSqliteDigestCache({ file, maxRows: 10, now });
    cache.put(statOf('/a'), one);
    expect(cache.get(statOf('/a'))).toBe(one);
  });

  it('does not know a file whose digest has a flipped bit', async () => {
    await using directory = await createTempDir(tmpdir(), 'ashlar-digests');
    const file = join(directory.path, 'digests');
    {
      using cache = openSqliteDigestCache({ file, maxRows: 10, now });
      cache.put(statOf('/a'), one);
      cache.put(statOf('/b'), one);
    }
    {
      using database = new DatabaseSync(file);
      const flipped = Buffer.from(digestHex(one), 'hex');
      flipped.writeUInt8(flipped.readUInt8(7) ^ 4, 7);
      database
        .prepare('UPDATE digests SET digest = ? WHERE path = ?')
        .run(flipped, Buffer.from('/a'));
    }
    using cache = openSqliteDigestCache({ file, maxRows: 10, now });
    expect([cache.get(statOf('/a')), cache.get(statOf('/b'))]).toEqual([undefined, one]);
  });

  it('is as good as empty while another process locks it', async () => {
    await using directory = await createTempDir(tmpdir(), 'ashlar-digests');
    const file = join(directory.path, 'digests');
    {
      using cache = openSqliteDigestCache({ file, maxRows: 10, now });
      using other = new DatabaseSync(file);
      other.exec('BEGIN IMMEDIATE');
      for (let index = 0; index < 1001; index += 1) cache.put(statOf(`/${index}`), one);
      expect(cache.get(statOf('/0'))).toBeUndefined();
      other.exec('ROLLBACK');
    }
    using again = openSqliteDigestCache({ file, maxRows: 10, now });
    expect(again.get(statOf('/1000'))).toBe(one);
  });

  it('says so when its place cannot be used', async () => {
    await using directory = await createTempDir(tmpdir(), 'ashlar-digests');
    const file = join(directory.path, 'taken');
    await mkdir(file);
    expect(() => openSqliteDigestCache({ file, maxRows: 10, now })).toThrow(
      expect.objectContaining({
        code: 'home_unusable',
        message: expect.stringContaining(`${file}: unable to open`) as string,
      }),
    );
    expect(() => openSqliteDigestCache({ file: '/dev/null/digests', maxRows: 10, now })).toThrow(
      expect.objectContaining({ code: 'home_unusable' }),
    );
  });
});

describe('isSettled', () => {
  it.each([
    [0n, 0n, true],
    [8_000_000_000n, 0n, true],
    [8_000_000_001n, 0n, false],
    [0n, 9_000_000_000n, false],
    [11_000_000_000n, 0n, false],
  ])('mtime %s and ctime %s, looked at after ten seconds: %s', (mtimeNs, ctimeNs, expected) => {
    expect(isSettled(statOf('/a', { mtimeNs, ctimeNs }), 10_000)).toBe(expected);
  });
});
