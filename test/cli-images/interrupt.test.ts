import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import { scratchDir } from '../support/scratch.ts';
import { bulk, createCli, makeTar } from './support/cli.ts';

const scratch = scratchDir('cli-interrupt');
const mib = 1024 * 1024;
let archive = '';
let digest = '';

/** 50 MB: large and small files, some of which do not compress. */
function sourceFiles(): Record<string, Buffer> {
  const files: Record<string, Buffer> = { 'lib/random': randomBytes(25 * mib) };
  for (let file = 0; file < 20; file += 1) files[`lib/bulk-${file}`] = bulk(mib, file);
  for (let file = 0; file < 400; file += 1)
    files[`share/d${file % 13}/f${file}`] = bulk(12_000, file);
  return files;
}

beforeAll(async () => {
  archive = makeTar(join(scratch, 'source.tar'), sourceFiles());
  const cli = createCli(join(scratch, 'undisturbed'));
  const { document } = await cli.json(
    'image',
    'import',
    `tar:${archive}`,
    '-t',
    'app',
    '--disk',
    '256M',
  );
  digest = String(document['digest']);
});

describe('an import that is killed', () => {
  it('at ten random moments leaves a clean store, and the next import makes the same image', async () => {
    let published = 0;
    for (let round = 0; round < 10; round += 1) {
      const cli = createCli(join(scratch, `killed-${round}`));
      mkdirSync(cli.home, { recursive: true });
      const child = cli.start('image', 'import', `tar:${archive}`, '-t', 'app', '--disk', '256M');
      const exited = once(child, 'exit');
      const begun = untilThere(cli.home, 'store');
      await Promise.race([begun, exited]);
      // From here on it takes some 400 ms.
      await Promise.race([pause(Math.random() * 500), exited]);
      child.kill('SIGKILL');
      await exited;
      const fsck = await cli.json('store', 'fsck');
      if (fsck.exitCode !== 0) {
        // Killed before the store was one.
        expect(fsck.document).toMatchObject({ error: { code: 'store_missing' } });
      }
      if (existsSync(join(cli.storeDir, 'tags'))) published += 1;
      const again = await cli.json(
        'image',
        'import',
        `tar:${archive}`,
        '-t',
        'app',
        '--disk',
        '256M',
      );
      expect(again).toMatchObject({ exitCode: 0, document: { digest } });
      expect((await cli.json('store', 'fsck')).document).toMatchObject({ damages: [] });
      expect(readdirSync(join(cli.home, 'tmp'))).toEqual([]);
    }
    expect(published).toBeLessThan(10);
  });

  it('by ctrl-C says so, exits with 130 and publishes nothing broken', async () => {
    const cli = createCli(join(scratch, 'interrupted'));
    mkdirSync(cli.home, { recursive: true });
    const child = cli.start('image', 'import', `tar:${archive}`, '-t', 'app', '--disk', '256M');
    const errors = child.stderr === null ? '' : text(child.stderr);
    const exited = once(child, 'exit');
    await untilThere(cli.home, 'store');
    child.kill('SIGINT');
    const [exitCode] = (await exited) as [number];
    // One that had read all already goes on to its end.
    if (exitCode !== 0) {
      expect(exitCode).toBe(130);
      expect(await errors).toContain('code: interrupted');
    }
    expect((await cli.json('store', 'fsck')).exitCode).toBe(0);
    expect(readdirSync(join(cli.home, 'tmp'))).toEqual([]);
  });
});

describe('an export', () => {
  it('that is interrupted removes what it has written', async () => {
    const cli = createCli(join(scratch, 'undisturbed'));
    const directory = join(scratch, 'exports');
    mkdirSync(directory);
    let interrupted = 0;
    for (let round = 0; round < 3; round += 1) {
      const child = cli.start('image', 'export', 'app', join(directory, 'disk.raw'));
      const exited = once(child, 'exit');
      await untilThere(directory, 'disk.raw');
      child.kill(round === 1 ? 'SIGTERM' : 'SIGINT');
      const [exitCode] = (await exited) as [number];
      expect([0, 130]).toContain(exitCode);
      expect(existsSync(join(directory, 'disk.raw'))).toBe(exitCode === 0);
      if (exitCode === 130) interrupted += 1;
      else rmSync(join(directory, 'disk.raw'));
    }
    expect(interrupted).toBeGreaterThan(0);
  });
});

/** Ends when a name appears in a directory. */
async function untilThere(directory: string, name: string): Promise<void> {
  const watcher = watch(directory);
  try {
    if (existsSync(join(directory, name))) return;
    while (!existsSync(join(directory, name))) await once(watcher, 'change');
  } finally {
    watcher.close();
  }
}
