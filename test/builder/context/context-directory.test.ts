import { execFile } from 'node:child_process';
import { appendFile, chmod, mkdir, open, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { openContextDirectory } from '../../../builder/context/context-directory.ts';
import type { SourceTree } from '../../../builder/context/source-tree.ts';
import { fromUtf8, toBytes } from '../../../src/bytes/byte-path.ts';
import { makeContext } from './make-tree.ts';

async function read(tree: SourceTree, path: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of tree.readFile(path)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('a context directory', () => {
  it('gives entries with root as the owner, names in the order of their bytes, and contents', async () => {
    await using context = await makeContext({ b: 'content', a: '->b', 'Z/x': '', ü: '' });
    await chmod(join(context.path, 'b'), 0o4751);
    const { tree } = context;
    expect(await tree.readdir('')).toEqual(['Z', 'a', 'b', fromUtf8('ü')]);
    expect(await tree.lstat('b')).toMatchObject({
      kind: 'file',
      mode: 0o4751,
      uid: 0,
      gid: 0,
      sizeBytes: 7,
    });
    expect(await tree.lstat('a')).toMatchObject({ kind: 'symlink', target: 'b', sizeBytes: 0 });
    expect(await tree.lstat('')).toMatchObject({ kind: 'directory' });
    expect(await tree.lstat('Z')).toMatchObject({ kind: 'directory', sizeBytes: 0 });
    expect((await read(tree, 'b')).toString()).toBe('content');
  });

  it('gives the bytes of a file with holes, each piece for good', async () => {
    await using context = await makeContext({});
    const sizeBytes = 7 * 1024 * 1024 + 5;
    const wanted = Buffer.alloc(sizeBytes);
    await using handle = await open(join(context.path, 'sparse'), 'w');
    await handle.truncate(sizeBytes);
    for (const at of [0, 3 * 1024 * 1024 - 1, 6 * 1024 * 1024 + 7]) {
      wanted.write('data', at);
      await handle.write('data', at);
    }
    expect((await read(context.tree, 'sparse')).equals(wanted)).toBe(true);
  });

  it('takes names and link targets that are no UTF-8 as they are', async () => {
    await using context = await makeContext({});
    const path = (name: string): Buffer =>
      Buffer.concat([Buffer.from(`${context.path}/`), toBytes(name)]);
    await mkdir(path('d\xff'));
    await writeFile(path('d\xff/\xfe'), 'x');
    await symlink(toBytes('t\xfd'), path('link'));
    expect(await context.tree.readdir('')).toEqual(['d\xff', 'link']);
    expect(await context.tree.readdir('d\xff')).toEqual(['\xfe']);
    expect(await context.tree.lstat('link')).toMatchObject({ target: 't\xfd' });
    expect((await read(context.tree, 'd\xff/\xfe')).toString()).toBe('x');
  });

  it('has nothing where there is nothing', async () => {
    await using context = await makeContext({ file: '' });
    expect(await context.tree.lstat('nope')).toBeNull();
    expect(await context.tree.lstat('file/below')).toBeNull();
    expect(await context.tree.lstat('x'.repeat(300))).toBeNull();
    expect(await context.tree.readdir('file')).toEqual([]);
    expect(await context.tree.readdir('nope')).toEqual([]);
  });

  it('shows pipes and sockets for what they are, and does not wait for one that takes the place of a file', async () => {
    await using context = await makeContext({});
    await promisify(execFile)('mkfifo', [join(context.path, 'pipe')]);
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(join(context.path, 'socket'), resolve);
    });
    try {
      expect((await context.tree.lstat('pipe'))?.kind).toBe('fifo');
      expect((await context.tree.lstat('socket'))?.kind).toBe('socket');
      await expect(read(context.tree, 'pipe')).rejects.toThrow(/is no file any more/);
    } finally {
      await new Promise((resolve) => {
        server.close(resolve);
      });
    }
  });

  it('does not follow a link that takes the place of a file', async () => {
    await using context = await makeContext({ secret: 's', link: '->secret' });
    await expect(read(context.tree, 'link')).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('fails when a file changes while it is read', async () => {
    await using context = await makeContext({ file: 'x'.repeat(3 * 1024 * 1024) });
    const file = join(context.path, 'file');
    const reading = context.tree.readFile('file')[Symbol.asyncIterator]();
    await reading.next();
    await appendFile(file, 'more');
    const rest = async (): Promise<void> => {
      while (!(await reading.next()).done);
    };
    await expect(rest()).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'file of the build context changed while it was read',
    });
    const again = context.tree.readFile('file')[Symbol.asyncIterator]();
    await again.next();
    await truncate(file, 10);
    const restAgain = async (): Promise<void> => {
      while (!(await again.next()).done);
    };
    await expect(restAgain()).rejects.toThrow(/changed while it was read/);
  });

  it('stops reading when asked to', async () => {
    await using context = await makeContext({ file: 'x' });
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    const reading = context.tree.readFile('file', stop.signal)[Symbol.asyncIterator]();
    await expect(reading.next()).rejects.toThrow('enough');
  });

  it('has to be a directory', async () => {
    await using context = await makeContext({ file: '' });
    for (const path of [join(context.path, 'file'), join(context.path, 'nope')]) {
      await expect(openContextDirectory(path)).rejects.toMatchObject({ code: 'invalid_request' });
    }
  });

  it('may be reached through a link, and be the root', async () => {
    await using context = await makeContext({ 'real/file': 'x', link: '->real' });
    const tree = await openContextDirectory(join(context.path, 'link'));
    expect(await tree.readdir('')).toEqual(['file']);
    const root = await openContextDirectory('/');
    expect((await root.lstat('proc'))?.kind).toBe('directory');
    expect(await root.lstat('dev/null')).toMatchObject({
      kind: 'char',
      device: { major: 1, minor: 3 },
    });
  });

  it('gives a stat that changes when the file changes', async () => {
    await using context = await makeContext({ file: 'one' });
    const before = (await context.tree.lstat('file'))?.stat;
    await using handle = await open(join(context.path, 'file'), 'r+');
    await handle.write('two');
    await handle.sync();
    await handle.utimes(1, 1);
    const after = (await context.tree.lstat('file'))?.stat;
    expect(after).toMatchObject({ sizeBytes: 3, mtimeNs: 1_000_000_000n });
    expect(after?.ctimeNs).not.toBe(before?.ctimeNs);
  });
});
