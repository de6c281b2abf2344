import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTempDir, type TempDir } from '../../../src/index.ts';
import { captureBoot } from '../support/captured-boot.ts';
import {
  bootObstacle,
  makeBusyboxDisk,
  makeScratchDisk,
  openFileSource,
  type FileSource,
} from '../support/root-disk.ts';

const obstacle = await bootObstacle();
const noise = randomBytes(2 ** 20);
let dir: TempDir;
let home: string;
let diskPath: string;
let disk: FileSource;

describe.skipIf(obstacle !== undefined)(`booting (${obstacle ?? 'with QEMU'})`, () => {
  beforeAll(async () => {
    dir = await createTempDir(tmpdir(), 'ashlar, boot');
    home = join(
      dir.path,
      'a home with spaces, and a comma',
      'longer than a socket address '.repeat(4),
    );
    diskPath = join(dir.path, 'disk');
    await makeBusyboxDisk({ directory: dir.path, path: diskPath, noise });
    disk = await openFileSource(diskPath);
  });

  afterAll(async () => {
    await disk[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });

  it('keeps output apart and byte-exact, leaves the disk alone, and records what was read', async () => {
    const before = createHash('sha256')
      .update(await readFile(diskPath))
      .digest('hex');
    const script =
      'cat /noise; touch /new && dd if=/noise of=/written 2>/dev/null; id >&2; ip -o addr >&2; exit 3';
    const boot = await captureBoot({ home, disk, argv: ['/bin/sh', '-c', script] });
    expect(boot.stdout.equals(noise)).toBe(true);
    expect(boot.stderr.toString()).toContain('uid=0(root) gid=0(root) groups=0(root),50(staff)');
    expect(boot.stderr.toString()).toContain('inet 127.0.0.1/8');
    expect(boot.exitCode).toBe(3);
    expect(boot.signal).toBeUndefined();
    expect(['kvm', 'tcg']).toContain(boot.accelerator);

    const after = createHash('sha256')
      .update(await readFile(diskPath))
      .digest('hex');
    expect(after).toBe(before);
    expect(new Set(boot.readChunks).size).toBe(boot.readChunks.length);
    expect(boot.readChunks[0]).toBe(0);
    expect(boot.readChunks.length).toBeGreaterThanOrEqual(2 ** 20 / 65536);
    expect(Math.max(...boot.readChunks)).toBeLessThan(disk.sizeBytes / 65536);
    expect(boot.readBytes).toBeGreaterThanOrEqual(2 ** 20);

    const { totalMs, ...parts } = boot.timings;
    const sumMs = Object.values(parts).reduce((sum, part) => sum + part, 0);
    expect(Math.abs(sumMs - totalMs)).toBeLessThan(1);
    expect(await readdir(join(home, 'tmp'))).toEqual([]);
  });

  it('hands on arguments and environment exactly, in two boots at once', async () => {
    const everyByte = Array.from({ length: 0x2ff }, (_, index) =>
      String.fromCodePoint(index + 1),
    ).join('');
    const words = ['', ' ', "it's", '"$(id)" `id` \\', '-n', '--', 'a\nb\n', everyByte, '🪨🏛️', ''];
    const long = 'x'.repeat(100_000);
    const environment = {
      LINES: 'one\ntwo\n',
      UNICODE: everyByte,
      EMPTY: '',
      'dotted.name-with-dash': "quo'te",
      '-x': 'option-like',
      LONG_1: long,
      LONG_2: long,
      LONG_3: long,
      PATH: '/nowhere::/bin',
      HOME: '/set',
    };
    const [argv, env] = await Promise.all([
      captureBoot({
        home,
        disk,
        argv: ['sh', '-c', 'printf "%s\\0" "$0" "$@"', 'zero', ...words, long],
      }),
      captureBoot({ home, disk, argv: ['cat', '/proc/self/environ'], env: environment }),
    ]);
    expect(argv.stdout.toString('utf8').split('\0')).toEqual(['zero', ...words, long, '']);
    const seen = env.stdout.toString('utf8').split('\0').slice(0, -1);
    const wanted = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    expect(seen.sort()).toEqual(wanted.sort());
  });

  it('runs as the user of the image, with its groups, in a new working directory', async () => {
    const script = [
      'id; pwd; echo "$HOME $PATH"; echo again >/dev/stdout; exec 2>/dev/stderr; echo err >&2',
      'cat /proc/mounts; cat /etc/hosts; ls -nd .; ls /proc/self/fd | tr "\\n" " "',
      'cat; exit 137',
    ].join('; ');
    const boot = await captureBoot({
      home,
      disk,
      argv: ['sh', '-c', script],
      workdir: "/srv/it's new",
      user: 'app',
    });
    const lines = boot.stdout.toString().split('\n');
    expect(lines.slice(0, 4)).toEqual([
      expect.stringMatching(/^uid=1000\(app\) gid=1001\(app\) groups=(?=.*\b29\b)(?=.*\b44\b)/),
      "/srv/it's new",
      '/home/app /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'again',
    ]);
    expect(boot.stderr.toString()).toBe('err\n');
    for (const place of ['/proc', '/sys', '/dev', '/dev/pts', '/dev/shm', '/run', '/tmp']) {
      expect(boot.stdout.toString()).toContain(` ${place} `);
    }
    expect(lines).toContain('127.0.0.1\tlocalhost');
    expect(lines).toContainEqual(expect.stringMatching(/^drwxr-xr-x +2 0 +0 /));
    // 3 is the directory that ls itself has open.
    expect(lines.at(-1)).toBe('0 1 2 3 ');
    expect(boot.exitCode).toBe(137);
    expect(boot.signal).toBeUndefined();
  });

  it('needs no shell, no users and no mount points in the image; ids may be unlisted', async () => {
    const scratchPath = join(dir.path, 'scratch');
    await makeScratchDisk(dir.path, scratchPath);
    await using scratch = await openFileSource(scratchPath);
    const [unlisted, grouped] = await Promise.all([
      captureBoot({
        home,
        disk: scratch,
        argv: ['prog/busybox', 'env'],
        workdir: '/',
        user: '4242:77',
      }),
      captureBoot({ home, disk, argv: ['id'], user: '1000:video' }),
    ]);
    expect(unlisted.stdout.toString()).toContain('HOME=/\n');
    expect(unlisted.exitCode).toBe(0);
    expect(grouped.stdout.toString()).toBe('uid=1000(app) gid=44(video) groups=44(video)\n');
  });

  it('tells a signal from an exit code, and does not wait for what the command left behind', async () => {
    const script =
      'for n in 1 2 3; do sleep 1000 & done; (sleep 1000 2>/dev/null &); echo out; kill -9 $$';
    const boot = await captureBoot({ home, disk, argv: ['sh', '-c', script] });
    expect(boot).toMatchObject({ exitCode: 137, signal: 'SIGKILL' });
    expect(boot.stdout.toString()).toBe('out\n');
  });

  it('gives 127 and 126 with a message, and follows links inside the image', async () => {
    const [missing, forbidden] = await Promise.all([
      captureBoot({ home, disk, argv: ['no-such-program'] }),
      captureBoot({ home, disk, argv: ['/etc/not-executable'] }),
    ]);
    expect(missing.exitCode).toBe(127);
    expect(missing.stderr.toString()).toMatch(/cannot run no-such-program: not found in \/usr/);
    expect(forbidden.exitCode).toBe(126);
    expect(forbidden.stderr.toString()).toContain('/etc/not-executable: it is not executable');
    const linked = await captureBoot({ home, disk, argv: ['greet'], cpus: 2, memoryMiB: 256 });
    expect(linked.stdout.toString()).toBe('greetings from /bin/greet\n');
    expect(linked.exitCode).toBe(0);
  });
});
