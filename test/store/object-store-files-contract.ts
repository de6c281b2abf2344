import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createTempDir } from '../../src/disk/temp-dir.ts';
import type { ContractOptions, ContractSubject } from './object-store-contract.ts';
import { listed } from './object-store-listing-contract.ts';

interface FileSubject extends AsyncDisposable {
  readonly store: ContractSubject['store'];
  /** A directory beside the store. */
  readonly directory: string;
  file(name: string, bytes: Uint8Array): Promise<string>;
}

async function openWithFiles({ open: openSubject }: ContractOptions): Promise<FileSubject> {
  await using stack = new AsyncDisposableStack();
  const { store } = stack.use(await openSubject());
  const { path } = stack.use(await createTempDir(tmpdir(), 'ashlar-put-file'));
  const owned = stack.move();
  return {
    store,
    directory: path,
    async file(name, bytes) {
      await writeFile(join(path, name), bytes);
      return join(path, name);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Registers what `putFile` must hold. */
export function registerFiles(options: ContractOptions): void {
  const sizes = [0, 1, 65_537, 1024 * 1024, 1024 * 1024 + 1, 12 * 1024 * 1024 + 3];

  for (const file of ['kept', 'given'] as const) {
    it.each(sizes)(`stores a file of %i bytes that is ${file}`, async (sizeBytes) => {
      await using subject = await openWithFiles(options);
      const bytes = randomBytes(sizeBytes);
      const path = await subject.file('one', bytes);
      expect(await subject.store.putFile('blobs/ab/one', path, { file })).toBe('created');
      expect((await subject.store.get('blobs/ab/one')).equals(bytes)).toBe(true);
      expect(await subject.store.head('blobs/ab/one')).toMatchObject({ sizeBytes });
      expect((await readFile(path)).equals(bytes)).toBe(true);
      await rm(path);
      expect((await subject.store.get('blobs/ab/one')).equals(bytes)).toBe(true);
    });

    it(`puts a file that is ${file} only where the key is free`, async () => {
      await using subject = await openWithFiles(options);
      await subject.store.put('one', Buffer.from('first'));
      const large = await subject.file('large', randomBytes(2_000_000));
      const small = await subject.file('small', Buffer.from('second'));
      expect(await subject.store.putFile('one', large, { file })).toBe('exists');
      expect(await subject.store.putFile('one', small, { file })).toBe('exists');
      expect((await subject.store.get('one')).toString()).toBe('first');
    });

    it(`tells the time of storing, not that of a file that is ${file}`, async () => {
      await using subject = await openWithFiles(options);
      const path = await subject.file('old', Buffer.from('1'));
      await utimes(path, 1_000_000, 1_000_000);
      await subject.store.putFile('one', path, { file });
      const info = await subject.store.head('one');
      expect(Math.abs((info?.modifiedMs ?? 0) - Date.now())).toBeLessThan(60_000);
    });

    it(`lets exactly one of many writers create an object from files that are ${file}`, async () => {
      await using subject = await openWithFiles(options);
      for (const sizeBytes of [50_000, 1_500_000]) {
        const key = `race/${sizeBytes}`;
        const values = Array.from({ length: 8 }, () => randomBytes(sizeBytes));
        const paths = await Promise.all(
          values.map((value, index) => subject.file(`${sizeBytes}-${index}`, value)),
        );
        const outcomes = await Promise.all(
          paths.map((path) => subject.store.putFile(key, path, { file })),
        );
        const winners = values.filter((_, index) => outcomes[index] === 'created');
        expect(winners).toHaveLength(1);
        expect((await subject.store.get(key)).equals(winners[0] ?? Buffer.alloc(0))).toBe(true);
      }
    });
  }

  it('keeps its bytes whatever becomes of a file that was kept', async () => {
    await using subject = await openWithFiles(options);
    const bytes = randomBytes(1_200_000);
    const path = await subject.file('one', bytes);
    const before = await stat(path);
    await subject.store.putFile('one', path);
    const after = await stat(path);
    expect([after.mode, after.mtimeMs]).toEqual([before.mode, before.mtimeMs]);
    await using handle = await open(path, 'r+');
    await handle.write(Buffer.alloc(1000), 0, 1000, 0);
    await handle.truncate(5000);
    expect((await subject.store.get('one')).equals(bytes)).toBe(true);
  });

  it('names a file that cannot be stored, and stores nothing', async () => {
    await using subject = await openWithFiles(options);
    const { directory, store } = subject;
    await mkdir(join(directory, 'folder'));
    await symlink('/etc/hostname', join(directory, 'link'));
    for (const name of ['none', 'folder', 'link']) {
      for (const file of ['kept', 'given'] as const) {
        const path = join(directory, name);
        const expected = { code: 'internal', message: expect.stringContaining(path) };
        await expect(store.putFile('one', path, { file })).rejects.toMatchObject(expected);
      }
    }
    expect(await listed(store, '')).toEqual([]);
  });

  it('stores nothing for a signal that has aborted', async () => {
    await using subject = await openWithFiles(options);
    const path = await subject.file('one', randomBytes(100));
    const reason = new Error('no longer wanted');
    const signal = AbortSignal.abort(reason);
    await expect(subject.store.putFile('one', path, { signal })).rejects.toBe(reason);
    expect(await subject.store.head('one')).toBeNull();
  });

  it('never shows a file that is being stored', async () => {
    await using subject = await openWithFiles(options);
    const sizeBytes = 3_000_000;
    const path = await subject.file('one', Buffer.alloc(sizeBytes, 7));
    const state = { writing: true };
    const write = async (): Promise<void> => {
      using _ = { [Symbol.dispose]: () => void (state.writing = false) };
      for (let round = 0; round < 5; round += 1) await subject.store.putFile(`done/${round}`, path);
    };
    const list = async (): Promise<void> => {
      while (state.writing) {
        await turn();
        for (const info of await listed(subject.store, '')) {
          expect(info.key).toMatch(/^done\/\d$/);
          expect(info.sizeBytes).toBe(sizeBytes);
        }
      }
    };
    await Promise.all([write(), list()]);
    expect(await listed(subject.store, '')).toHaveLength(5);
  });
}
