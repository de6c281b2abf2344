import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { type ChunkIndex, openChunkIndex } from '../../src/chunks/chunk-index.ts';
import type { PackRecord } from '../../src/chunks/pack-format.ts';
import { type Digest, digestOf } from '../../src/digest/digest.ts';
import { scratchDir } from '../support/scratch.ts';

const scratch = scratchDir('chunk-index');
const nameOf = (label: string): Digest => digestOf(Buffer.from(label));
const packOne = nameOf('pack one');
const packTwo = nameOf('pack two');

function record(label: string, offset = 16): PackRecord {
  return {
    digest: nameOf(label),
    offset,
    storedBytes: 100,
    plainBytes: 65_536,
    codec: 'zstd',
  };
}

/** An index with ten packs of 200 chunks, closed. */
function filledFile(name: string): string {
  const file = join(scratch, name);
  using index = openChunkIndex(file);
  for (let pack = 0; pack < 10; pack += 1) {
    const records = Array.from({ length: 200 }, (_, chunk) =>
      record(`${pack} ${chunk}`, 16 + chunk),
    );
    index.addPack(nameOf(`filled ${pack}`), records);
  }
  return file;
}

/** Chunks of a filled index that are found, each at its right place. */
function countFound(index: ChunkIndex): number {
  let found = 0;
  for (let pack = 0; pack < 10; pack += 1) {
    for (let chunk = 0; chunk < 200; chunk += 1) {
      const place = index.find(nameOf(`${pack} ${chunk}`));
      if (place === undefined) continue;
      const { digest: _, ...expected } = record(`${pack} ${chunk}`, 16 + chunk);
      expect(place).toEqual({ pack: nameOf(`filled ${pack}`), ...expected });
      found += 1;
    }
  }
  return found;
}

describe('an index of chunks', () => {
  it('finds what was added, in another session too', () => {
    const file = join(scratch, 'sub', 'directory', 'added.sqlite');
    {
      using index = openChunkIndex(file);
      expect(index.find(nameOf('a'))).toBeUndefined();
      index.addPack(packOne, [record('a', 16), record('b', 116)]);
    }
    using index = openChunkIndex(file);
    const { digest: _, ...place } = record('b', 116);
    expect(index.find(nameOf('b'))).toEqual({ pack: packOne, ...place });
    expect(index.find(nameOf('c'))).toBeUndefined();
    expect([index.hasPack(packOne), index.hasPack(packTwo)]).toEqual([true, false]);
  });

  it('names the pack that was added last', () => {
    using index = openChunkIndex(':memory:');
    index.addPack(packOne, [record('a', 16)]);
    index.addPack(packTwo, [record('a', 500)]);
    expect(index.find(nameOf('a'))).toMatchObject({ pack: packTwo, offset: 500 });
  });

  it('forgets a pack that is gone, and can learn it again', () => {
    using index = openChunkIndex(':memory:');
    index.addPack(packOne, [record('a')]);
    index.addPack(packTwo, [record('b')]);
    index.forgetPack(packOne);
    index.forgetPack(nameOf('never added'));
    expect(index.find(nameOf('a'))).toBeUndefined();
    expect(index.find(nameOf('b'))).toBeDefined();
    expect(index.hasPack(packOne)).toBe(false);
    index.addPack(packOne, [record('a')]);
    expect(index.find(nameOf('a'))).toBeDefined();
  });

  it('keeps a retired pack in mind and nothing of what is in it', () => {
    using index = openChunkIndex(':memory:');
    index.addPack(packOne, [record('a')]);
    index.retirePack(packOne);
    index.retirePack(packTwo);
    expect(index.find(nameOf('a'))).toBeUndefined();
    expect([index.hasPack(packOne), index.hasPack(packTwo)]).toEqual([true, true]);
    index.addPack(packOne, [record('a')]);
    expect(index.find(nameOf('a'))).toBeDefined();
  });
});

describe('a damaged index file', () => {
  it.each([
    ['of random bytes', (file: string) => writeFileSync(file, randomBytes(100_000))],
    ['of text', (file: string) => writeFileSync(file, 'not a database\n'.repeat(100))],
    ['with a wrong header', (file: string) => writeFileSync(file, overwritten(file, 0, 16))],
    [
      'with garbage in its first page',
      (file: string) => writeFileSync(file, overwritten(file, 30, 3000)),
    ],
    [
      'with garbage in all other pages',
      (file: string) => writeFileSync(file, overwritten(file, 4096, 10_000_000)),
    ],
    ['cut in its middle', (file: string) => truncateSync(file, 9000)],
    ['cut to nothing', (file: string) => truncateSync(file, 0)],
    [
      'with a log of random bytes',
      (file: string) => writeFileSync(`${file}-wal`, randomBytes(50_000)),
    ],
    ['of an older version', makeOldVersion],
  ])('%s is begun anew, or used as far as it is right', (what, damage) => {
    const file = filledFile(`damaged-${what.replaceAll(' ', '-')}.sqlite`);
    damage(file);
    {
      using index = openChunkIndex(file);
      countFound(index);
      index.addPack(packOne, [record('after')]);
      expect(index.find(nameOf('after'))).toMatchObject({ pack: packOne });
      index.forgetPack(nameOf('filled 3'));
      index.retirePack(nameOf('filled 4'));
    }
    using again = openChunkIndex(file);
    expect(again.find(nameOf('after'))).toMatchObject({ pack: packOne });
  });

  it('never gives a wrong place, whichever bits of it are flipped', () => {
    const file = filledFile('flipped.sqlite');
    const good = readFileSync(file);
    let fewest = Infinity;
    let most = 0;
    for (let round = 0; round < 60; round += 1) {
      const bytes = Buffer.from(good);
      for (let flip = 0; flip < 40; flip += 1) {
        const at = Math.floor(Math.random() * bytes.length);
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (flip % 8)), at);
      }
      writeFileSync(file, bytes);
      using index = openChunkIndex(file);
      const found = countFound(index);
      fewest = Math.min(fewest, found);
      most = Math.max(most, found);
    }
    expect(fewest).toBeLessThan(2000);
    expect(most).toBeGreaterThan(0);
  });

  it('is replaced while it is in use', () => {
    const file = filledFile('in-use.sqlite');
    using index = openChunkIndex(file);
    expect(countFound(index)).toBe(2000);
    const other = new DatabaseSync(file);
    other.exec('DROP TABLE chunks');
    other.close();
    expect(countFound(index)).toBe(0);
    index.addPack(packOne, [record('after')]);
    expect(index.find(nameOf('after'))).toBeDefined();
  });
});

describe('a place where no index can be', () => {
  it('is home_unusable', () => {
    const file = join(scratch, 'a-file');
    writeFileSync(file, '');
    mkdirSync(join(scratch, 'a-directory.sqlite'));
    for (const path of [join(file, 'index.sqlite'), join(scratch, 'a-directory.sqlite')]) {
      expect(() => openChunkIndex(path)).toThrow(
        expect.objectContaining({ code: 'home_unusable' }),
      );
    }
  });
});

describe('several processes with one index file', () => {
  it('all write, from its making on, and lose nothing', async () => {
    const file = join(scratch, 'shared.sqlite');
    const program = join(import.meta.dirname, 'index-writer.ts');
    const start = async (seed: string): Promise<string> => {
      const child = spawn(process.execPath, [program, file, seed, '10'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
      return output;
    };
    expect(await Promise.all(['a', 'b', 'c', 'd'].map(start))).toEqual(
      Array.from({ length: 4 }, () => '1000\n'),
    );
    using index = openChunkIndex(file);
    for (const seed of ['a', 'b', 'c', 'd'])
      for (let pack = 0; pack < 10; pack += 1)
        expect(index.find(nameOf(`${seed} ${pack} 99`))?.pack).toBe(nameOf(`${seed} ${pack}`));
  });
});

function overwritten(file: string, from: number, count: number): Buffer {
  const bytes = readFileSync(file);
  randomBytes(Math.min(count, bytes.length - from)).copy(bytes, from);
  return bytes;
}

function makeOldVersion(file: string): void {
  expect(existsSync(file) && statSync(file).size > 0).toBe(true);
  const database = new DatabaseSync(file);
  database.exec('DROP TABLE chunks; CREATE TABLE chunks (digest BLOB); PRAGMA user_version = 1');
  database.close();
}
