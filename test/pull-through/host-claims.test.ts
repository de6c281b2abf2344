import { once } from 'node:events';
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createTempDir, type TempDir } from '../../src/disk/temp-dir.ts';
import { type Claim, type HostClaims, openHostClaims } from '../../src/pull-through/host-claims.ts';
import { startClaimsProcess } from './claims-process.ts';

function tempDir(): Promise<TempDir> {
  return createTempDir(tmpdir(), 'ashlar-claims');
}

/** The folder of this boot below the directory of claims. */
async function folderIn(directory: string): Promise<string> {
  const [name = ''] = await readdir(directory);
  return join(directory, name);
}

async function mine(claims: HostClaims, key: string): Promise<Claim & { kind: 'mine' }> {
  const claim = await claims.claim(key);
  if (claim.kind !== 'mine') throw new Error(`${key} belongs to another`);
  return claim;
}

async function theirs(claims: HostClaims, key: string): Promise<Claim & { kind: 'theirs' }> {
  const claim = await claims.claim(key);
  if (claim.kind !== 'theirs') throw new Error(`${key} was free`);
  return claim;
}

/** Whether it ends within the time. */
async function endsWithin(claim: Claim & { kind: 'theirs' }, ms: number): Promise<boolean> {
  return Promise.race([claim.ended.then(() => true), pause(ms, false)]);
}

/** How many get the key when all want it until the first has it. */
async function winnersOf(key: string, claimants: readonly HostClaims[]): Promise<number> {
  const won = Promise.withResolvers<'won'>();
  const wants = async (claims: HostClaims): Promise<number> => {
    for (;;) {
      const claim = await claims.claim(key);
      if (claim.kind === 'mine') {
        won.resolve('won');
        return 1;
      }
      if ((await Promise.race([claim.ended, won.promise])) === 'won') return 0;
    }
  };
  return (await Promise.all(claimants.map(wants))).reduce((sum, win) => sum + win);
}

describe('host claims', () => {
  it.each(['one instance', 'two instances'])('gives a key to one at a time: %s', async (how) => {
    await using directory = await tempDir();
    await using first = await openHostClaims(directory.path);
    await using second = await openHostClaims(directory.path);
    const other = how === 'one instance' ? first : second;
    const claim = await mine(first, 'npm/left-pad');
    const waits = await Promise.all([theirs(other, 'npm/left-pad'), theirs(other, 'npm/left-pad')]);
    await (await mine(other, 'npm/right-pad')).release();
    expect(await endsWithin(waits[0], 100)).toBe(false);
    await claim.release();
    await claim.release();
    await Promise.all(waits.map((wait) => wait.ended));
    const next = await mine(other, 'npm/left-pad');
    await claim.release();
    await theirs(first, 'npm/left-pad');
    await next.release();
    expect((await readdir(await folderIn(directory.path))).sort()).toEqual([
      expect.stringMatching(/^[0-9a-f]{16}\.sock$/),
      expect.stringMatching(/^[0-9a-f]{16}\.sock$/),
    ]);
  });

  it('takes keys of any form', async () => {
    await using directory = await tempDir();
    await using claims = await openHostClaims(directory.path);
    const keys = ['', '/', '../..', 'a\0b', '@scope/name', 'é', 'x'.repeat(10_000)];
    for (const key of keys) await mine(claims, key);
    for (const key of keys) await theirs(claims, key);
  });

  it('works below a path that is too long for a socket', async () => {
    await using directory = await tempDir();
    const long = join(directory.path, 'x'.repeat(200), 'y'.repeat(200));
    await using first = await openHostClaims(long);
    await using second = await openHostClaims(long);
    const claim = await mine(first, 'key');
    const wait = await theirs(second, 'key');
    await claim.release();
    await wait.ended;
    await mine(second, 'key');
  });

  it('releases all when it is closed, and leaves nothing', async () => {
    await using directory = await tempDir();
    const first = await openHostClaims(directory.path);
    await using second = await openHostClaims(directory.path);
    const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
    for (const key of keys) await mine(first, key);
    const waits = await Promise.all(keys.map((key) => theirs(second, key)));
    await first[Symbol.asyncDispose]();
    await Promise.all(waits.map((wait) => wait.ended));
    expect(await readdir(await folderIn(directory.path))).toHaveLength(1);
    await expect(first.claim('key-0')).rejects.toMatchObject({ code: 'internal' });
  });

  it('ends its own waits when it is closed', async () => {
    await using directory = await tempDir();
    await using first = await openHostClaims(directory.path);
    await mine(first, 'key');
    const second = await openHostClaims(directory.path);
    const wait = await theirs(second, 'key');
    await second[Symbol.asyncDispose]();
    await wait.ended;
    await theirs(first, 'key');
  });

  it('does not take a key from an owner who works for long', async () => {
    await using directory = await tempDir();
    await using first = await openHostClaims(directory.path);
    await using second = await openHostClaims(directory.path, { stoppedAfterMs: 150 });
    const claim = await mine(first, 'key');
    const wait = await theirs(second, 'key');
    expect(await endsWithin(wait, 900)).toBe(false);
    await claim.release();
    await wait.ended;
  });
});

describe('host claims: owners that go away', () => {
  it('frees the keys of a process that is killed at once', async () => {
    await using directory = await tempDir();
    await using owner = startClaimsProcess(['hold', directory.path, '30']);
    await owner.said('held');
    await using claims = await openHostClaims(directory.path);
    const waits = await Promise.all(
      Array.from({ length: 30 }, (_, index) => theirs(claims, `key-${index}`)),
    );
    const killedMs = performance.now();
    await owner.kill();
    await Promise.all(waits.map((wait) => wait.ended));
    expect(performance.now() - killedMs).toBeLessThan(2_000);
    for (let index = 0; index < 30; index += 1) await mine(claims, `key-${index}`);
  });

  it('lets exactly one of many take over each key of a dead owner', async () => {
    await using directory = await tempDir();
    await using stack = new AsyncDisposableStack();
    const claimants: HostClaims[] = [];
    for (let index = 0; index < 12; index += 1)
      claimants.push(stack.use(await openHostClaims(directory.path)));
    await using owner = startClaimsProcess(['hold', directory.path, '20']);
    await owner.said('held');
    await owner.kill();
    const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
    const wins = await Promise.all(keys.map((key) => winnersOf(key, claimants)));
    expect(wins).toEqual(keys.map(() => 1));
  });

  it('waits for an owner that is stopped no longer than stated', async () => {
    await using directory = await tempDir();
    await using owner = startClaimsProcess(['hold', directory.path, '5']);
    await owner.said('held');
    await using claims = await openHostClaims(directory.path, { stoppedAfterMs: 900 });
    const before = await theirs(claims, 'key-0');
    owner.child.kill('SIGSTOP');
    const stoppedMs = performance.now();
    const after = await theirs(claims, 'key-1');
    await Promise.all([before.ended, after.ended]);
    expect(performance.now() - stoppedMs).toBeGreaterThan(500);
    expect(performance.now() - stoppedMs).toBeLessThan(2_500);
    const claim = await mine(claims, 'key-0');
    owner.child.kill('SIGCONT');
    owner.child.stdin?.write('\n');
    await owner.said('released');
    // What the old owner released late was not the new claim.
    await using third = await openHostClaims(directory.path);
    await theirs(third, 'key-0');
    await claim.release();
    await mine(third, 'key-0');
  });

  it('does not mistake an owner without free descriptors for a dead one', async () => {
    await using directory = await tempDir();
    await using claims = await openHostClaims(directory.path);
    const folder = await folderIn(directory.path);
    await (await mine(claims, 'key')).release();
    // An owner made by hand, that ends its first three connections without a word.
    await mine(claims, 'key');
    const [name = ''] = (await readdir(folder)).filter((entry) => entry.endsWith('.claim'));
    const [own = ''] = await readdir(join(folder, name));
    await rm(join(folder, name, own), { recursive: true });
    await mkdir(join(folder, name, '0123456789abcdef-1'));
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      if (sockets.length <= 3) socket.destroy();
      else socket.write('a\n');
    });
    server.listen(join(folder, '0123456789abcdef.sock'));
    await once(server, 'listening');
    const wait = await theirs(claims, 'key');
    expect(await endsWithin(wait, 800)).toBe(false);
    expect(sockets).toHaveLength(4);
    sockets[3]?.write('e 0123456789abcdef-1\n');
    await wait.ended;
    expect(await readdir(join(folder, name))).toEqual(['0123456789abcdef-1']);
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
    await (
      await theirs(claims, 'key')
    ).ended;
    await mine(claims, 'key');
  });

  it('removes what dead processes left when it opens, and nothing else', async () => {
    await using directory = await tempDir();
    await using alive = await openHostClaims(directory.path);
    await mine(alive, 'kept');
    await using owner = startClaimsProcess(['hold', directory.path, '10']);
    await owner.said('held');
    const folder = await folderIn(directory.path);
    expect(await readdir(folder)).toHaveLength(13);
    await owner.kill();
    await mkdir(join(folder, '0123456789abcdef-7.tmp', '0123456789abcdef-7'), { recursive: true });
    await mkdir(join(folder, 'empty.claim'));
    await writeFile(join(folder, 'notes.txt'), 'mine');
    await using claims = await openHostClaims(directory.path);
    const names = (await readdir(folder)).map((name) => name.replace(/^.*\./, ''));
    expect(names.sort()).toEqual(['claim', 'sock', 'sock', 'txt']);
    await theirs(claims, 'kept');
  });
});

describe('host claims: places that cannot be used', () => {
  it('names them', async () => {
    await using directory = await tempDir();
    await writeFile(join(directory.path, 'file'), '');
    const expected = { code: 'home_unusable' };
    await expect(openHostClaims(join(directory.path, 'file'))).rejects.toMatchObject(expected);
    const open = join(directory.path, 'open');
    await (await openHostClaims(open))[Symbol.asyncDispose]();
    await chmod(await folderIn(open), 0o755);
    await expect(openHostClaims(open)).rejects.toMatchObject(expected);
  });

  it('says that the folder was removed', async () => {
    await using directory = await tempDir();
    await using claims = await openHostClaims(directory.path);
    await rm(await folderIn(directory.path), { recursive: true });
    await expect(claims.claim('key')).rejects.toMatchObject({ code: 'home_unusable' });
  });

  it('bears a stranger on its socket', async () => {
    await using directory = await tempDir();
    await using claims = await openHostClaims(directory.path);
    const folder = await folderIn(directory.path);
    const [name = ''] = await readdir(folder);
    for (const words of ['GET / HTTP/1.1\r\n\r\n', 'x'.repeat(100_000), 'w ../../etc\n', '\0\n']) {
      const stranger = connect(join(folder, name));
      stranger.on('error', () => {});
      stranger.write(words);
      await new Promise((resolve) => stranger.on('close', resolve));
    }
    await using other = await openHostClaims(directory.path);
    const claim = await mine(claims, 'key');
    const wait = await theirs(other, 'key');
    await claim.release();
    await wait.ended;
  });
});
