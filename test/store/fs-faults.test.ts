import { createHash } from 'node:crypto';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  link,
  lstat,
  mkdir,
  readdir,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createTempDir, type TempDir } from '../../src/disk/temp-dir.ts';
import { runChecked } from '../../src/process/run-command.ts';
import { createFsObjectStore } from '../../src/store/fs-object-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openObjectStore } from '../../src/store/open-object-store.ts';
import { listed } from './object-store-listing-contract.ts';
import { mountTmpfs, whyNoMount } from '../support/tmpfs-mount.ts';

const writerScript = join(import.meta.dirname, 'store-writer.ts');
const noMount = await whyNoMount();
const mountSuffix = noMount === null ? '' : ` (skipped: ${noMount})`;
const dayMs = 24 * 60 * 60 * 1000;

function tempDir(): Promise<TempDir> {
  return createTempDir(tmpdir(), 'ashlar-fs-faults');
}

function startWriter(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [writerScript, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function temporariesIn(directory: string): Promise<string[]> {
  return readdir(join(directory, '~tmp'));
}

/** Reads every object of a writer's store and holds it against its name. */
async function checkWhole(store: ObjectStore): Promise<number> {
  let objects = 0;
  for await (const { key } of store.list('digest/')) {
    const digest = createHash('sha256')
      .update(await store.get(key))
      .digest('hex');
    expect(key.endsWith(`/${digest}`)).toBe(true);
    objects += 1;
  }
  const lines = (await store.get('reference')).toString().split('\n').slice(0, -1);
  expect(new Set(lines).size).toBe(1);
  expect(lines).toHaveLength(20_000);
  return objects;
}

describe('directory store: writers that are killed', () => {
  it('shows whole objects only, and opens without an error, after kill -9 at random moments', async () => {
    await using directory = await tempDir();
    const url = pathToFileURL(directory.path).href;
    let left = 0;
    for (let round = 0; round < 12; round += 1) {
      const writer = startWriter(['forever', url]);
      const exited = once(writer, 'exit');
      if (writer.stdout !== null) await once(writer.stdout, 'data');
      await pause(Math.random() * 60);
      writer.kill('SIGKILL');
      await exited;
      const store = await openObjectStore(url);
      expect(await checkWhole(store)).toBeGreaterThan(round);
      left = (await temporariesIn(directory.path)).length;
    }
    // In twelve kills at least one writer had a temporary file, as each spends nearly all its time on them.
    expect(left).toBeGreaterThan(0);
    await openObjectStore(url, { nowMs: () => Date.now() + dayMs - 60_000 });
    expect(await temporariesIn(directory.path)).toHaveLength(left);
    await openObjectStore(url, { nowMs: () => Date.now() + dayMs + 60_000 });
    expect(await temporariesIn(directory.path)).toHaveLength(0);
  });

  it('sweeps nothing that it did not make', async () => {
    await using directory = await tempDir();
    const url = pathToFileURL(directory.path).href;
    await openObjectStore(url);
    await writeFile(join(directory.path, '~tmp', 'notes.txt'), 'mine');
    await mkdir(join(directory.path, '~tmp', 'folder'));
    await openObjectStore(url, { nowMs: () => Date.now() + 10 * dayMs });
    expect((await temporariesIn(directory.path)).sort()).toEqual(['folder', 'notes.txt']);
  });

  it('breaks the claim of a writer that was killed, where there are no hard links', async () => {
    await using directory = await tempDir();
    const store = await createFsObjectStore(directory.path, {
      link: async () => {
        throw Object.assign(new Error('no links'), { code: 'EPERM' });
      },
    });
    await store.put('first', Buffer.from('1'));
    const name = `${createHash('sha256').update('one').digest('hex')}.claim`;
    const claim = join(directory.path, '~tmp', name);
    await writeFile(claim, '');
    const putting = store.put('one', Buffer.from('1'));
    const early = await Promise.race([putting, pause(200, 'waiting')]);
    expect(early).toBe('waiting');
    await utimes(claim, 0, 0);
    expect(await putting).toBe('created');
    expect(await temporariesIn(directory.path)).toEqual([]);
  });
});

describe('directory store: several processes', () => {
  it('lets exactly one of four processes create each object', async () => {
    await using directory = await tempDir();
    const url = pathToFileURL(directory.path).href;
    const keys = 100;
    const race = async (): Promise<string[]> => {
      const writer = startWriter(['race', url, String(keys)]);
      const output = writer.stdout === null ? '[]' : await text(writer.stdout);
      return JSON.parse(output) as string[];
    };
    const created = (await Promise.all([race(), race(), race(), race()])).flat();
    expect(created).toHaveLength(keys);
    expect(new Set(created).size).toBe(keys);
  });

  it('knows its own link when the answer of the file server was lost', async () => {
    await using directory = await tempDir();
    const store = await createFsObjectStore(directory.path, {
      link: async (from, to) => {
        await link(from, to);
        throw Object.assign(new Error('file exists'), { code: 'EEXIST' });
      },
    });
    expect(await store.put('one', Buffer.from('1'))).toBe('created');
    expect(await store.put('one', Buffer.from('2'))).toBe('exists');
  });
});

describe('directory store: what lies there', () => {
  it('leaves no temporary behind, and files that other users may read', async () => {
    await using directory = await tempDir();
    const store = await createFsObjectStore(directory.path);
    await store.put('a/one', Buffer.from('1'));
    await store.put('a/one', Buffer.from('1'));
    await store.replace('a/two', Buffer.from('1'));
    expect(await temporariesIn(directory.path)).toEqual([]);
    const { mode, nlink } = await lstat(join(directory.path, 'a/one'));
    expect(mode & 0o777).toBe(0o666 & ~process.umask());
    expect(nlink).toBe(1);
  });

  it('passes over names that are no keys', async () => {
    await using directory = await tempDir();
    const store = await createFsObjectStore(directory.path);
    await store.put('one', Buffer.from('1'));
    await mkdir(join(directory.path, 'lost+found'));
    await writeFile(join(directory.path, '.nfs000000000001'), '');
    await writeFile(join(directory.path, 'a b'), '');
    expect((await listed(store, '')).map((info) => info.key)).toEqual(['one']);
  });

  const makers: readonly (readonly [string, (path: string) => Promise<unknown>])[] = [
    ['a folder', (path) => mkdir(path)],
    ['a folder with something in it', (path) => mkdir(join(path, 'more'), { recursive: true })],
    ['a symbolic link', (path) => symlink('/etc/hostname', path)],
    ['a symbolic link to nowhere', (path) => symlink('/no/such/file', path)],
    ['a named pipe', (path) => runChecked('mkfifo', [path])],
  ];

  it.each(makers)('names %s in the place of an object', async (_, make) => {
    await using directory = await tempDir();
    const store = await createFsObjectStore(directory.path);
    const path = join(directory.path, 'one');
    await make(path);
    const expected = { code: 'object_not_a_file', message: expect.stringContaining(path) };
    const bytes = Buffer.from('1');
    await expect(store.get('one')).rejects.toMatchObject(expected);
    await expect(store.getRange('one', 0, 0)).rejects.toMatchObject(expected);
    await expect(store.head('one')).rejects.toMatchObject(expected);
    await expect(store.put('one', bytes)).rejects.toMatchObject(expected);
    await expect(store.replace('one', bytes)).rejects.toMatchObject(expected);
    expect((await lstat(path)).isFile()).toBe(false);
  });

  it('never reads through a symbolic link', async () => {
    await using directory = await tempDir();
    const store = await createFsObjectStore(directory.path);
    await writeFile(join(directory.path, 'target'), 'secret');
    await symlink(join(directory.path, 'target'), join(directory.path, 'one'));
    await expect(store.getRange('one', 0, 1)).rejects.toMatchObject({ code: 'object_not_a_file' });
  });

  it('lists a link in the place of an object without what it leads to, and all the others', async () => {
    await using directory = await tempDir();
    const store = await createFsObjectStore(directory.path);
    await writeFile(join(directory.path, 'target'), 'secret');
    await symlink(join(directory.path, 'target'), join(directory.path, 'one'));
    await runChecked('mkfifo', [join(directory.path, 'pipe')]);
    const infos = await listed(store, '');
    expect(infos.map(({ key, sizeBytes }) => [key, sizeBytes])).toEqual([
      ['one', 0],
      ['pipe', 0],
      ['target', 6],
    ]);
  });

  it('names a file in the place of a folder', async () => {
    await using directory = await tempDir();
    const store = await createFsObjectStore(directory.path);
    await writeFile(join(directory.path, 'packs'), 'not a folder');
    const expected = { code: 'object_not_a_file', message: expect.stringContaining('packs') };
    await expect(store.get('packs/one')).rejects.toMatchObject(expected);
    await expect(store.head('packs/one')).rejects.toMatchObject(expected);
    await expect(store.put('packs/one', Buffer.from('1'))).rejects.toMatchObject(expected);
    await expect(store.replace('packs/a/b', Buffer.from('1'))).rejects.toMatchObject(expected);
    await expect(store.delete('packs/one')).rejects.toMatchObject(expected);
    await expect(listed(store, 'packs/')).rejects.toMatchObject(expected);
    await expect(store.delete('packs/one')).rejects.toMatchObject(expected);
  });

  it('makes a folder again that was removed by hand', async () => {
    await using directory = await tempDir();
    const store = await createFsObjectStore(directory.path);
    await store.put('a/b/one', Buffer.from('1'));
    await rm(join(directory.path, 'a'), { recursive: true });
    expect(await store.put('a/b/two', Buffer.from('2'))).toBe('created');
    await rm(join(directory.path, 'a'), { recursive: true });
    await store.replace('a/b/two', Buffer.from('2'));
    expect((await store.get('a/b/two')).toString()).toBe('2');
  });

  it('says that the store went away, and writes nothing below the mount point', async () => {
    await using directory = await tempDir();
    const root = join(directory.path, 'mnt');
    await mkdir(root);
    const store = await createFsObjectStore(root);
    await store.put('one', Buffer.from('1'));
    await rename(root, join(directory.path, 'elsewhere'));
    for (const mountPoint of ['missing', 'empty']) {
      if (mountPoint === 'empty') await mkdir(root);
      const expected = { code: 'store_unreachable', message: expect.stringContaining('went away') };
      await expect(store.get('one')).rejects.toMatchObject(expected);
      await expect(store.head('one')).rejects.toMatchObject(expected);
      await expect(store.delete('one')).rejects.toMatchObject(expected);
      await expect(store.put('two', Buffer.from('2'))).rejects.toMatchObject(expected);
      await expect(store.replace('two', Buffer.from('2'))).rejects.toMatchObject(expected);
      await expect(listed(store, '')).rejects.toMatchObject(expected);
    }
    expect(await readdir(root)).toEqual([]);
  });
});

describe.skipIf(noMount !== null)(`directory store: file systems that refuse${mountSuffix}`, () => {
  it('names a full disk, and leaves nothing half-written', async () => {
    await using mount = await mountTmpfs(4 * 1024 * 1024);
    const store = await openObjectStore(pathToFileURL(mount.path).href);
    await store.replace('reference', Buffer.from('old'));
    const tooMuch = Buffer.alloc(8 * 1024 * 1024, 1);
    const expected = { code: 'store_full', message: expect.stringContaining(`${mount.path}/`) };
    await expect(store.put('packs/one', tooMuch)).rejects.toMatchObject(expected);
    await expect(store.replace('reference', tooMuch)).rejects.toMatchObject(expected);
    expect(await temporariesIn(mount.path)).toEqual([]);
    expect(await store.head('packs/one')).toBeNull();
    expect((await store.get('reference')).toString()).toBe('old');
    expect(await store.put('packs/one', Buffer.alloc(1_000_000))).toBe('created');
  });

  it('reads from a read-only file system, and names it when it should write', async () => {
    await using mount = await mountTmpfs(4 * 1024 * 1024);
    const url = pathToFileURL(mount.path).href;
    await (await openObjectStore(url)).put('one', Buffer.from('1'));
    await mount.makeReadOnly();
    const store = await openObjectStore(url);
    expect((await store.get('one')).toString()).toBe('1');
    const expected = { code: 'store_read_only', message: expect.stringContaining(mount.path) };
    await expect(store.put('two', Buffer.from('2'))).rejects.toMatchObject(expected);
    await expect(store.replace('one', Buffer.from('2'))).rejects.toMatchObject(expected);
    await expect(store.delete('one')).rejects.toMatchObject(expected);
    const stale = { nowMs: () => Date.now() + 2 * dayMs };
    expect(await (await openObjectStore(url, stale)).head('one')).toMatchObject({ sizeBytes: 1 });
  });

  it('cannot make a store on a read-only file system', async () => {
    await using mount = await mountTmpfs(4 * 1024 * 1024);
    await mount.makeReadOnly();
    const expected = { code: 'store_read_only', message: expect.stringContaining(mount.path) };
    const url = pathToFileURL(mount.path).href;
    await expect(openObjectStore(url)).rejects.toMatchObject(expected);
    await expect(openObjectStore(`${url}/below`)).rejects.toMatchObject(expected);
  });

  it('names a folder on another file system', async () => {
    await using directory = await tempDir();
    await using mount = await mountTmpfs(4 * 1024 * 1024);
    const store = await createFsObjectStore(directory.path);
    await symlink(mount.path, join(directory.path, 'packs'));
    await expect(store.put('packs/one', Buffer.from('1'))).rejects.toMatchObject({
      code: 'store_url_invalid',
      hint: expect.stringContaining('one file system'),
    });
    expect(await temporariesIn(directory.path)).toEqual([]);
  });
});

const notRoot = process.getuid?.() === 0 ? '' : ' (skipped: needs root)';

describe.skipIf(notRoot !== '')(`directory store: users without the right${notRoot}`, () => {
  it('names what this user may not write or read', async () => {
    await using directory = await tempDir();
    const url = pathToFileURL(join(directory.path, 'store')).href;
    await chmod(directory.path, 0o755);
    const own = await openObjectStore(url);
    await own.put('one', Buffer.from('1'));
    await own.put('two', Buffer.from('2'));
    await chmod(join(directory.path, 'store', 'two'), 0o600);
    await asNobody(async () => {
      const store = await openObjectStore(url);
      expect((await store.get('one')).toString()).toBe('1');
      await expect(store.get('two')).rejects.toMatchObject({
        code: 'store_unreachable',
        hint: expect.stringContaining('read access'),
      });
      const expected = { code: 'store_read_only' };
      await expect(store.put('three', Buffer.from('3'))).rejects.toMatchObject(expected);
      await expect(store.delete('one')).rejects.toMatchObject(expected);
      await expect(
        openObjectStore(`${pathToFileURL(directory.path).href}/new`),
      ).rejects.toMatchObject(expected);
    });
  });
});

async function asNobody(work: () => Promise<void>): Promise<void> {
  process.seteuid?.(65_534);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}
