import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import type { ObjectInfo, ObjectStore } from '../../src/store/object-store.ts';
import type { ContractOptions } from './object-store-contract.ts';

/** Registers what `list` must hold. */
export function registerListing({ open }: ContractOptions): void {
  it('lists 1,200 objects by byte order, all or those below a prefix', async () => {
    await using subject = await open();
    const keys = Array.from({ length: 1200 }, (_, index) => {
      const name = (index * 7919).toString(16).padStart(6, '0');
      return `packs/${name.slice(-2)}/${name}`;
    });
    await putAll(subject.store, keys);
    const sorted = [...keys].sort();
    expect(keysOf(await listed(subject.store, ''))).toEqual(sorted);
    expect(keysOf(await listed(subject.store, 'packs/'))).toEqual(sorted);
    for (const prefix of [
      'packs/1',
      'packs/1f',
      'packs/1f/',
      'packs/1f/00',
      'pack',
      'none',
      'packs/zz/',
    ]) {
      expect(keysOf(await listed(subject.store, prefix))).toEqual(
        sorted.filter((key) => key.startsWith(prefix)),
      );
    }
  });

  it('sorts folders among files as the keys are sorted', async () => {
    await using subject = await open();
    const sorted = ['a-b', 'a.b', 'a/b', 'a/b-c', 'a/c/d', 'a0', 'aB', 'a_', 'ab/c'];
    await putAll(subject.store, [...sorted].reverse());
    expect(keysOf(await listed(subject.store, ''))).toEqual(sorted);
    expect(keysOf(await listed(subject.store, 'a/'))).toEqual(['a/b', 'a/b-c', 'a/c/d']);
    expect(keysOf(await listed(subject.store, 'a/b'))).toEqual(['a/b', 'a/b-c']);
  });

  it('tells size and time of what it lists', async () => {
    await using subject = await open();
    await subject.store.put('one', randomBytes(123));
    const [info] = await listed(subject.store, '');
    expect(info).toMatchObject({ key: 'one', sizeBytes: 123 });
    expect(Math.abs((info?.modifiedMs ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it('never shows what is being written', async () => {
    await using subject = await open();
    const state = { writing: true };
    const write = async (): Promise<void> => {
      const keys = Array.from({ length: 20 }, (_, index) => `done/${index}`);
      await Promise.all(keys.map((key) => subject.store.put(key, Buffer.alloc(200_000, 7))));
      state.writing = false;
    };
    const list = async (): Promise<void> => {
      while (state.writing) {
        for (const info of await listed(subject.store, '')) {
          expect(info.key).toMatch(/^done\/\d+$/);
          expect(info.sizeBytes).toBe(200_000);
        }
      }
    };
    await Promise.all([write(), list()]);
    expect(await listed(subject.store, '')).toHaveLength(20);
  });

  it('bears objects that are deleted while it lists', async () => {
    await using subject = await open();
    const keys = Array.from({ length: 100 }, (_, index) => `k/${String(index).padStart(3, '0')}`);
    await putAll(subject.store, keys);
    const seen: string[] = [];
    for await (const info of subject.store.list('k/')) {
      if (seen.length === 0)
        await Promise.all(keys.slice(1).map((key) => subject.store.delete(key)));
      seen.push(info.key);
    }
    expect(seen[0]).toBe('k/000');
    expect(keys).toEqual(expect.arrayContaining(seen));
    expect(keysOf(await listed(subject.store, ''))).toEqual(['k/000']);
  });

  it('may be left before its end', async () => {
    await using subject = await open();
    await putAll(subject.store, ['a', 'b', 'c']);
    for await (const info of subject.store.list('')) {
      expect(info.key).toBe('a');
      break;
    }
  });
}

/** Registers which keys are taken, and how. */
export function registerKeys({ open }: ContractOptions): void {
  const refused = [
    '',
    '/',
    '/etc/passwd',
    '..',
    '../outside',
    'a/../../outside',
    'a/..',
    './a',
    'a/.',
    'a//b',
    'a/',
    'a b',
    'a\\b',
    'a\0b',
    'a\nb',
    '~tmp/a',
    'a%',
    'a%2',
    'a%zz',
    'é',
    '.nfs0001',
  ];
  const tooLong = [
    ['a segment of 256 bytes', 'x'.repeat(256)],
    ['513 bytes', `${'x'.repeat(255)}/${'y'.repeat(255)}/z`],
  ] as const;
  const named = refused.map((key) => [JSON.stringify(key), key] as const);

  it.each([...named, ...tooLong])('refuses the key %s in every operation', async (_, key) => {
    await using subject = await open();
    const { store } = subject;
    const bytes = Buffer.from('1');
    const expected = { code: 'object_key_invalid' };
    await expect(store.get(key)).rejects.toMatchObject(expected);
    await expect(store.getRange(key, 0, 1)).rejects.toMatchObject(expected);
    await expect(store.openRead(key)).rejects.toMatchObject(expected);
    await expect(store.head(key)).rejects.toMatchObject(expected);
    await expect(store.putFile(key, import.meta.filename)).rejects.toMatchObject(expected);
    await expect(store.put(key, bytes)).rejects.toMatchObject(expected);
    await expect(store.replace(key, bytes)).rejects.toMatchObject(expected);
    await expect(store.delete(key)).rejects.toMatchObject(expected);
    expect(await listed(store, '')).toEqual([]);
  });

  it.each(['../', '..//', '/', 'a//b', 'a/../b', 'a b', '~', '%z'])(
    'refuses the prefix %j',
    async (prefix) => {
      await using subject = await open();
      await expect(listed(subject.store, prefix)).rejects.toMatchObject({
        code: 'object_key_invalid',
      });
    },
  );

  it('takes escapes as they are written, and the longest keys', async () => {
    await using subject = await open();
    const longest = `${'x'.repeat(255)}/${'y'.repeat(254)}/z`;
    expect(longest).toHaveLength(512);
    const keys = ['%2E%2E%2Fa', '%2e%2e%2fa', 'A', 'a', '...', '-', 'a-%20_.b', longest];
    for (const key of keys) expect(await subject.store.put(key, Buffer.from(key))).toBe('created');
    for (const key of keys) expect((await subject.store.get(key)).toString()).toBe(key);
    expect(keysOf(await listed(subject.store, ''))).toEqual([...keys].sort());
    expect(keysOf(await listed(subject.store, '%2'))).toEqual(['%2E%2E%2Fa', '%2e%2e%2fa']);
    for (const key of keys) await subject.store.delete(key);
    expect(await listed(subject.store, '')).toEqual([]);
  });
}

export async function listed(store: ObjectStore, prefix: string): Promise<ObjectInfo[]> {
  const infos: ObjectInfo[] = [];
  for await (const info of store.list(prefix)) infos.push(info);
  return infos;
}

function keysOf(infos: readonly ObjectInfo[]): string[] {
  return infos.map((info) => info.key);
}

async function putAll(store: ObjectStore, keys: readonly string[]): Promise<void> {
  const waiting = [...keys];
  const work = async (): Promise<void> => {
    for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
      await store.put(key, Buffer.from(key));
    }
  };
  await Promise.all(Array.from({ length: 16 }, work));
}
