import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AshlarError, createTempDir, type TempDir } from '../../../src/index.ts';
import type { BlockSource } from '../../../vm/block-source.ts';
import { bootImage } from '../../../vm/index.ts';
import { captureBoot } from '../support/captured-boot.ts';
import { machinesOf } from '../support/machines-of.ts';
import {
  bootObstacle,
  makeBusyboxDisk,
  openFileSource,
  type FileSource,
} from '../support/root-disk.ts';

const obstacle = await bootObstacle();
const noise = Buffer.from('found\n');
let dir: TempDir;
let home: string;
let diskPath: string;
let disk: FileSource;

describe.skipIf(obstacle !== undefined)(`boots that fail (${obstacle ?? 'with QEMU'})`, () => {
  beforeAll(async () => {
    dir = await createTempDir(tmpdir(), 'ashlar-boot');
    home = join(dir.path, 'home');
    diskPath = join(dir.path, 'disk');
    await makeBusyboxDisk({ directory: dir.path, path: diskPath, noise });
    disk = await openFileSource(diskPath);
  });

  afterAll(async () => {
    await disk[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });

  afterEach(async () => {
    if ((await machinesOf(home)).length > 0) throw new Error('a machine is left behind');
    const left = await readdir(join(home, 'tmp'));
    if (left.length > 0) throw new Error(`temporary files are left behind: ${left.join(' ')}`);
  });

  it('throws the error of the read that failed', async () => {
    const cause = new AshlarError('chunk_corrupt', 'chunk 5 of image x is corrupt', {
      data: { chunk: 5 },
    });
    let reads = 0;
    const failing: BlockSource = {
      sizeBytes: disk.sizeBytes,
      async read(offset, lengthBytes) {
        reads += 1;
        if (reads > 5) throw cause;
        return disk.read(offset, lengthBytes);
      },
    };
    await expect(captureBoot({ home, disk: failing, argv: ['id'] })).rejects.toBe(cause);
  });

  it('names a disk without a file system, with the console', async () => {
    const empty: BlockSource = {
      sizeBytes: 2 ** 20,
      read: async (_offset, lengthBytes) => Buffer.alloc(lengthBytes),
    };
    const boot = captureBoot({ home, disk: empty, argv: ['id'] });
    await expect(boot).rejects.toMatchObject({
      code: 'boot_failed',
      message: expect.stringMatching(/could not use the root disk: .*\nLast lines of the console:/),
      data: { stage: 'ready' },
    });
  });

  it.each([
    ['a user that is not listed', { user: 'nobody-here' }, /the user nobody-here is not in/],
    ['a group that is not listed', { user: 'app:nothing' }, /the group nothing is not in/],
    [
      'a working directory below a file',
      { workdir: '/etc/passwd/x' },
      /the working directory \/etc\/passwd\/x cannot be made/,
    ],
  ])('names %s', async (_name, change, message) => {
    await expect(captureBoot({ home, disk, argv: ['id'], ...change })).rejects.toMatchObject({
      code: 'boot_check_failed',
      message: expect.stringMatching(message),
    });
  });

  it('names a machine that gets no memory', async () => {
    // More than any host has, and less than QEMU refuses by itself.
    await expect(
      captureBoot({ home, disk, argv: ['id'], memoryMiB: 20 * 1024 ** 2 }),
    ).rejects.toMatchObject({
      code: 'resources_exhausted',
      message: expect.stringContaining('Cannot allocate memory'),
      hint: expect.stringContaining('--memory'),
    });
  });

  it('cuts what it names', async () => {
    const workdir = `/etc/passwd${'/long'.repeat(400)}`;
    const error = await captureBoot({ home, disk, argv: ['id'], workdir }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      code: 'boot_check_failed',
      message: expect.stringMatching(/the working directory \/etc\/passwd\/long.{0,500}\.\.\.\n/),
    });
  });

  it('names a panic, and does not let the console steer the terminal', async () => {
    const script =
      'printf "\\033[31mred\\n" >/dev/console; echo c >/proc/sysrq-trigger; sleep 1000';
    const boot = captureBoot({ home, disk, argv: ['sh', '-c', script] });
    const error = await boot.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'boot_failed',
      message: expect.stringMatching(/kernel panicked: sysrq triggered crash/),
      data: { stage: 'started', console: expect.stringContaining('\uFFFD[31mred') },
    });
    expect((error as Error).message).not.toContain('\u001B');
  });

  it('names a machine that the command turns off, and a command that kills all others', async () => {
    const [off, alone] = await Promise.allSettled([
      captureBoot({ home, disk, argv: ['/bin/busybox', 'poweroff', '-f'] }),
      captureBoot({ home, disk, argv: ['sh', '-c', 'kill -9 -1'] }),
    ]);
    expect(off).toMatchObject({
      reason: {
        code: 'boot_failed',
        message: expect.stringMatching(/^the virtual machine ended while the command ran/),
      },
    });
    expect(alone).toMatchObject({
      reason: {
        code: 'boot_check_failed',
        message: expect.stringMatching(/^the command could not be followed to its end/),
      },
    });
  });

  it('stops at its time limit, before the kernel is up and while the command runs', async () => {
    await expect(
      captureBoot({ home, disk, argv: ['sleep', '1000'], timeoutMs: 1 }),
    ).rejects.toMatchObject({ code: 'boot_too_slow', data: { stage: 'silent' } });
    // This machine's own pace, with a margin, so that the command is reached.
    const { timings } = await captureBoot({ home, disk, argv: ['true'] });
    const timeoutMs = Math.round(2 * timings.totalMs + 2_000);
    await expect(
      captureBoot({ home, disk, argv: ['sleep', '1000'], timeoutMs }),
    ).rejects.toMatchObject({ code: 'boot_timeout', data: { stage: 'started' } });
  });

  it('stops when it is aborted, and when a listener throws', async () => {
    const stop = new AbortController();
    const reason = new Error('no longer wanted');
    const command = { argv: ['sh', '-c', 'echo up; sleep 1000'], env: {}, workdir: '', user: '' };
    await expect(
      bootImage({ home, disk, command, signal: stop.signal, onStdout: () => stop.abort(reason) }),
    ).rejects.toBe(reason);
    await expect(
      bootImage({
        home,
        disk,
        command,
        onStdout: () => {
          throw reason;
        },
      }),
    ).rejects.toBe(reason);
    await expect(bootImage({ home, disk, command, signal: stop.signal })).rejects.toBe(reason);
  });

  it('leaves no machine when its process is killed; the next boot removes the files', async () => {
    const script = fileURLToPath(new URL('../support/boot-and-wait.ts', import.meta.url));
    const parent = spawn(process.execPath, [script, home, diskPath], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(parent, 'exit');
    await Promise.race([once(parent.stdout, 'data'), ended]);
    expect(await machinesOf(home)).toHaveLength(1);
    expect(await readdir(join(home, 'tmp'))).toHaveLength(1);
    parent.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
    await expect.poll(() => machinesOf(home), { timeout: 5_000 }).toEqual([]);
    const next = await captureBoot({ home, disk, argv: ['cat', '/noise'] });
    expect(next.stdout.equals(noise)).toBe(true);
  });
});
