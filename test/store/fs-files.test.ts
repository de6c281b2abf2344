import { randomBytes } from 'node:crypto';
import { appendFile, link, lstat, open, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTempDir, type TempDir } from '../../src/disk/temp-dir.ts';
import { createFsObjectStore } from '../../src/store/fs-object-store.ts';
import { openLocalFile, readPieces } from '../../src/store/local-file.ts';
import { mountTmpfs, whyNoMount } from '../support/tmpfs-mount.ts';
import { readAll } from './object-store-reading-contract.ts';

const noMount = await whyNoMount();
const mountSuffix = noMount === null ? '' : ` (skipped: ${noMount})`;

function tempDir(): Promise<TempDir> {
  return createTempDir(tmpdir(), 'ashlar-fs-files');
}

async function openFiles(): Promise<number> {
  return (await readdir('/proc/self/fd')).length;
}

describe('directory store: files', () => {
  it('makes a given file the object itself, with the mode of one it wrote', async () => {
    await using directory = await tempDir();
    await using spool = await tempDir();
    const store = await createFsObjectStore(directory.path);
    const path = join(spool.path, 'one');
    await writeFile(path, randomBytes(100_000), { mode: 0o600 });
    expect(await store.putFile('blobs/one', path, { file: 'given' })).toBe('created');
    await store.put('blobs/two', Buffer.from('2'));
    const [given, object, other] = await Promise.all(
      [path, join(directory.path, 'blobs/one'), join(directory.path, 'blobs/two')].map((name) =>
        lstat(name),
      ),
    );
    expect(object?.ino).toBe(given?.ino);
    expect(object?.mode).toBe(other?.mode);
    expect(await readdir(join(directory.path, '~tmp'))).toEqual([]);
  });

  it('copies a given file that has another name, so that nobody can write to the object', async () => {
    await using directory = await tempDir();
    await using spool = await tempDir();
    const store = await createFsObjectStore(directory.path);
    const path = join(spool.path, 'one');
    await writeFile(path, 'abc');
    await link(path, join(spool.path, 'other'));
    expect(await store.putFile('one', path, { file: 'given' })).toBe('created');
    await appendFile(join(spool.path, 'other'), 'def');
    expect((await store.get('one')).toString()).toBe('abc');
  });

  it('knows its own link of a given file when the answer of the file server was lost', async () => {
    await using directory = await tempDir();
    await using spool = await tempDir();
    const store = await createFsObjectStore(directory.path, {
      link: async (from, to) => {
        await link(from, to);
        throw Object.assign(new Error('file exists'), { code: 'EEXIST' });
      },
    });
    const path = join(spool.path, 'one');
    await writeFile(path, 'abc');
    expect(await store.putFile('one', path, { file: 'given' })).toBe('created');
  });

  it('throws for a file that is shorter or longer at the end than at the start', async () => {
    await using spool = await tempDir();
    const path = join(spool.path, 'one');
    for (const sizeBytes of [1_000, 2_000_000]) {
      await writeFile(path, Buffer.alloc(1_000_000));
      await using file = await openLocalFile(path);
      const reading = async (): Promise<void> => {
        for await (const piece of readPieces(file)) {
          expect(piece.length).toBeGreaterThan(0);
          await truncate(path, sizeBytes);
        }
      };
      await expect(reading()).rejects.toMatchObject({
        code: 'internal',
        message: expect.stringContaining(`from 1000000 to ${sizeBytes} bytes`),
      });
    }
  });

  it('leaves nothing behind when its caller leaves in the middle', async () => {
    await using directory = await tempDir();
    await using spool = await tempDir();
    const store = await createFsObjectStore(directory.path);
    await store.put('other', Buffer.from('1'));
    const path = join(spool.path, 'large');
    await using large = await open(path, 'w');
    await large.truncate(4 * 1024 ** 3); // sparse: the copy takes long, and is ended early
    const controller = new AbortController();
    const reason = new Error('left');
    const putting = store.putFile('large', path, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 50);
    await expect(putting).rejects.toBe(reason);
    expect(await readdir(join(directory.path, '~tmp'))).toEqual([]);
    expect(await store.head('large')).toBeNull();
  });

  it('lets go of each file that it opened', async () => {
    await using directory = await tempDir();
    const store = await createFsObjectStore(directory.path);
    await store.put('one', randomBytes(1_000_000));
    const before = await openFiles();
    for (let round = 0; round < 30; round += 1) {
      const read = await store.openRead('one');
      if (round % 3 === 0) await readAll(read);
      else if (round % 3 === 1) for await (const piece of read) if (piece.length > 0) break;
      await read[Symbol.asyncDispose]();
      await expect(store.openRead('one', { offset: 2_000_000 })).rejects.toMatchObject({
        code: 'object_truncated',
      });
      await store.putFile('one', join(directory.path, 'one'));
    }
    expect(await openFiles()).toBe(before);
  });

  it('reports an object that somebody shortened while it was read', async () => {
    await using directory = await tempDir();
    const store = await createFsObjectStore(directory.path);
    await store.put('one', randomBytes(1_000_000));
    const read = await store.openRead('one');
    await truncate(join(directory.path, 'one'), 300_000);
    await expect(readAll(read)).rejects.toMatchObject({ code: 'object_truncated' });
  });
});

describe.skipIf(noMount !== null)(`directory store: files, other disks${mountSuffix}`, () => {
  it('copies a given file of another file system', async () => {
    await using directory = await tempDir();
    await using mount = await mountTmpfs(4 * 1024 * 1024);
    const store = await createFsObjectStore(directory.path);
    const path = join(mount.path, 'one');
    const bytes = randomBytes(1_000_000);
    await writeFile(path, bytes);
    expect(await store.putFile('one', path, { file: 'given' })).toBe('created');
    await rm(path);
    expect((await store.get('one')).equals(bytes)).toBe(true);
  });

  it('names a full disk, and leaves nothing half-written', async () => {
    await using spool = await tempDir();
    await using mount = await mountTmpfs(4 * 1024 * 1024);
    const store = await createFsObjectStore(mount.path);
    const path = join(spool.path, 'large');
    await writeFile(path, Buffer.alloc(8 * 1024 * 1024, 1));
    await expect(store.putFile('one', path, { file: 'given' })).rejects.toMatchObject({
      code: 'store_full',
    });
    expect(await readdir(join(mount.path, '~tmp'))).toEqual([]);
    expect(await store.put('one', Buffer.alloc(1_000_000))).toBe('created');
  });
});
