import { appendFile, chmod, link, rename, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  createMemoryDigestCache,
  type DigestCache,
} from '../../../builder/context/digest-cache.ts';
import { digestSources } from '../../../builder/context/digest-sources.ts';
import { selectSources } from '../../../builder/context/select-sources.ts';
import type { SourceEntry, SourceTree } from '../../../builder/context/source-tree.ts';
import { type Digest, digestOf, isDigest } from '../../../src/digest/digest.ts';
import { copyStep } from '../dockerfile/build-config.ts';
import { makeContext, type TempContext } from './make-tree.ts';

interface Options {
  readonly text?: string;
  readonly owners?: 'counted' | 'replaced';
  readonly cache?: DigestCache;
  readonly nowMs?: number;
  readonly onContent?: (path: string, digest: Digest) => void;
}

async function digest(tree: SourceTree, options: Options = {}): Promise<Digest> {
  const step = copyStep(`FROM scratch\n${options.text ?? 'COPY . /x'}`);
  const source = { path: 'Dockerfile', escape: '\\' } as const;
  const selection = await selectSources({ step, tree, destination: 'missing', source });
  const { owners = 'counted', nowMs = Date.now(), text: _text, ...rest } = options;
  return digestSources(selection, { tree, owners, now: () => nowMs, ...rest });
}

/** Counts the files that are read. */
function counted(tree: SourceTree): { tree: SourceTree; read: string[] } {
  const read: string[] = [];
  const readFile: SourceTree['readFile'] = (path, signal) => {
    read.push(path);
    return tree.readFile(path, signal);
  };
  return { tree: { ...tree, readFile }, read };
}

const sketch = { 'a/one': '1', 'a/two': '22', 'b/three': '3', link: '->a/one', empty: null };

const mtime = { sec: 0, nsec: 0 };
const rootEntry: SourceEntry = {
  kind: 'directory',
  mode: 0o755,
  uid: 0,
  gid: 0,
  sizeBytes: 0,
  mtime,
};

/** An image of one file. */
function imageOf(changes: Partial<SourceEntry>, ofRoot: Partial<SourceEntry> = {}): SourceTree {
  const file: SourceEntry = {
    ...rootEntry,
    kind: 'file',
    sizeBytes: 1,
    contentKey: 'k',
    ...changes,
  };
  return {
    name: 'the image',
    lstat: (path) => Promise.resolve(path === '' ? { ...rootEntry, ...ofRoot } : file),
    readdir: (path) => Promise.resolve(path === '' ? ['f'] : []),
    readFile: () => {
      throw new Error('it is read');
    },
  };
}

/** A time at which all files of the test are long unchanged. */
function laterMs(): number {
  return Date.now() + 60_000;
}

describe('the digest of what a copy takes', () => {
  it('is the same for the same files, wherever they lie and whenever they were written', async () => {
    await using first = await makeContext(sketch);
    await using second = await makeContext(sketch);
    await utimes(join(second.path, 'a/one'), 1, 1);
    const value = await digest(first.tree);
    expect(isDigest(value)).toBe(true);
    expect(await digest(second.tree)).toBe(value);
  });

  it.each<[string, (context: TempContext) => Promise<void>]>([
    ['a content', ({ path }) => writeFile(join(path, 'a/one'), '2')],
    ['a mode', ({ path }) => chmod(join(path, 'a/one'), 0o755)],
    ['the mode of a directory', ({ path }) => chmod(join(path, 'a'), 0o700)],
    ['a name', ({ path }) => rename(join(path, 'a/one'), join(path, 'a/uno'))],
    ['a link', ({ path }) => symlink('a/two', join(path, 'link2'))],
    ['one more file', ({ path }) => writeFile(join(path, 'new'), '')],
    ['bytes at the end', ({ path }) => appendFile(join(path, 'b/three'), '\0')],
    [
      'two names that are swapped',
      async ({ path }) => {
        await writeFile(join(path, 'a/one'), '22');
        await writeFile(join(path, 'a/two'), '1');
      },
    ],
  ])('changes with %s', async (_what, change) => {
    await using context = await makeContext(sketch);
    const before = await digest(context.tree);
    await change(context);
    expect(await digest(context.tree)).not.toBe(before);
  });

  it('does not change with what a directory is whose contents alone are copied', async () => {
    await using context = await makeContext(sketch);
    const text = 'COPY . a /x/';
    const before = await digest(context.tree, { text });
    await chmod(context.path, 0o700);
    await utimes(context.path, 1, 1);
    expect(await digest(context.tree, { text })).toBe(before);
    const images = [
      {},
      { mode: 0o700 },
      { uid: 1, gid: 2 },
      { xattrs: [{ name: 'user.a', value: Buffer.from('1') }] },
    ].map((ofRoot) => digest(imageOf({}, ofRoot)));
    expect(new Set(await Promise.all(images)).size).toBe(1);
  });

  it('changes with the names that a file has in the copy, and with no others', async () => {
    const made = await Promise.all(
      [[], ['a/two'], ['a/two', 'a/three'], ['a/three']].map(async (links) => {
        await using context = await makeContext({ 'a/one': '1', 'b/one': '1' });
        await link(join(context.path, 'a/one'), join(context.path, 'outside'));
        for (const name of ['a/two', 'a/three']) {
          if (links.includes(name))
            await link(join(context.path, 'a/one'), join(context.path, name));
          else await writeFile(join(context.path, name), '1');
        }
        return { linked: await digest(context.tree, { text: 'COPY a /x' }), names: links.length };
      }),
    );
    expect(new Set(made.map(({ linked }) => linked)).size).toBe(4);
    await using plain = await makeContext({ 'a/one': '1', 'a/two': '1', 'a/three': '1' });
    expect(await digest(plain.tree, { text: 'COPY a /x' })).toBe(made[0]?.linked);
  });

  it('tells a link from a file of the same bytes, and its target counts', async () => {
    await using one = await makeContext({ x: '->ab' });
    await using two = await makeContext({ x: '->ac' });
    await using three = await makeContext({ x: 'ab' });
    const digests = await Promise.all([one, two, three].map(({ tree }) => digest(tree)));
    expect(new Set(digests).size).toBe(3);
  });

  it('counts destinations, here-documents, and whether ADD may unpack', async () => {
    await using context = await makeContext(sketch);
    const texts = [
      'COPY a /x',
      'COPY a /y',
      'COPY a b /x/',
      'COPY b a /x/',
      'COPY a/one /x',
      'ADD a/one /x',
      'COPY <<one /x\n1\none',
      'COPY <<one /x\n2\none',
      'COPY a <<one /x/\n2\none',
    ];
    const digests = await Promise.all(texts.map((text) => digest(context.tree, { text })));
    // The order of two sources with different names makes no difference to the result.
    expect(digests[2]).toBe(digests[3]);
    expect(new Set(digests).size).toBe(texts.length - 1);
  });

  it('counts owners, attributes and devices of an image, but no owners with --chown', async () => {
    const variants: Partial<SourceEntry>[] = [
      {},
      { uid: 1 },
      { gid: 1 },
      { contentKey: 'l' },
      { xattrs: [{ name: 'user.a', value: Buffer.from('1') }] },
      { xattrs: [{ name: 'user.a', value: Buffer.from('2') }] },
      { kind: 'char', device: { major: 1, minor: 2 } },
      { kind: 'char', device: { major: 1, minor: 3 } },
    ];
    const counted = await Promise.all(variants.map((entry) => digest(imageOf(entry))));
    expect(new Set(counted).size).toBe(variants.length);
    const replaced = await Promise.all(
      variants.slice(0, 3).map((entry) => digest(imageOf(entry), { owners: 'replaced' })),
    );
    expect(new Set(replaced).size).toBe(1);
  });

  it('tells the digest of each content', async () => {
    await using context = await makeContext(sketch);
    const found: Record<string, string> = {};
    await digest(context.tree, {
      onContent: (path, value) => {
        found[path] = value;
      },
    });
    expect(found).toEqual({
      'a/one': digestOf(Buffer.from('1')),
      'a/two': digestOf(Buffer.from('22')),
      'b/three': digestOf(Buffer.from('3')),
    });
  });

  it('fails when a file cannot be read whole', async () => {
    await using context = await makeContext(sketch);
    const broken: SourceTree = {
      ...context.tree,
      // oxlint-disable-next-line require-yield -- it fails before its first bytes
      async *readFile() {
        throw new Error('the disk is gone');
      },
    };
    await expect(digest(broken)).rejects.toThrow('the disk is gone');
  });
});

describe('with a cache', () => {
  it('a file is read once', async () => {
    await using context = await makeContext(sketch);
    const cache = createMemoryDigestCache({ maxEntries: 100 });
    const { tree, read } = counted(context.tree);
    const first = await digest(tree, { cache, nowMs: laterMs() });
    expect(read).toHaveLength(3);
    expect(await digest(tree, { cache, nowMs: laterMs() })).toBe(first);
    expect(read).toHaveLength(3);
  });

  it('a file that changed is read again, also when its size and time are set back', async () => {
    await using context = await makeContext(sketch);
    const file = join(context.path, 'a/one');
    await utimes(file, 1000, 1000);
    const cache = createMemoryDigestCache({ maxEntries: 100 });
    const before = await digest(context.tree, { cache, nowMs: laterMs() });
    await writeFile(file, 'X');
    await utimes(file, 1000, 1000);
    expect(await digest(context.tree, { cache, nowMs: laterMs() })).not.toBe(before);
  });

  it('a file that was written within two seconds before it was read is not trusted', async () => {
    await using context = await makeContext(sketch);
    const cache = createMemoryDigestCache({ maxEntries: 100 });
    const { tree, read } = counted(context.tree);
    const changedMs = Number(((await tree.lstat('a/one'))?.stat?.ctimeNs ?? 0n) / 1_000_000n);
    await digest(tree, { cache, nowMs: changedMs + 1000 });
    await digest(tree, { cache, nowMs: changedMs + 1000 });
    expect(read).toHaveLength(6);
    await digest(tree, { cache, nowMs: changedMs + 60_000 });
    await digest(tree, { cache, nowMs: changedMs + 60_000 });
    expect(read).toHaveLength(9);
  });
});
