import { mkdir, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTempDir, digestOf, runCommand, type TempDir } from '../../../src/index.ts';
import { findProgram } from '../../../vm/find-program.ts';
import { prepareGuest } from '../../../vm/index.ts';
import { hostPlatform } from '../../../vm/platform.ts';

let dir: TempDir;
beforeAll(async () => {
  dir = await createTempDir(tmpdir(), 'ashlar-guest');
});
afterAll(async () => {
  await dir[Symbol.asyncDispose]();
});

async function downloadObstacle(): Promise<string> {
  if ((await findProgram('apt-get')) === undefined) return ' (skipped: there is no apt-get here)';
  for (const name of hostPlatform().kernelPackages) {
    const uris = await runCommand('apt-get', ['download', '--print-uris', name]);
    if (uris.exitCode === 0) return '';
  }
  return ' (skipped: apt knows no kernel package here)';
}

const obstacle = await downloadObstacle();

it.skipIf(obstacle !== '')(
  `downloads kernel and busybox where the host has none, once, also for two at a time${obstacle}`,
  async () => {
    const home = join(dir.path, 'download');
    const hostRoot = join(dir.path, 'nothing');
    await mkdir(hostRoot, { recursive: true });
    const [kit, twin] = await Promise.all([
      prepareGuest(home, { hostRoot }),
      prepareGuest(home, { hostRoot }),
    ]);
    expect(twin).toEqual(kit);
    const record = JSON.parse(await readFile(join(home, 'vm', 'kernel.json'), 'utf8')) as {
      packages: { name: string; version: string }[];
    };
    expect(record.packages.map(({ name }) => name)).toContainEqual(
      expect.stringMatching(/^linux-image-\d/),
    );
    expect(record.packages[0]?.version).toMatch(/^\d/);
    expect((await readFile(kit.initramfsPath)).toString('latin1', 0, 6)).toBe('070701');
    expect(await readdir(join(home, 'vm', 'kits'))).toEqual([kit.key]);
    expect((await readdir(join(home, 'vm'))).sort()).toEqual([
      'busybox',
      'kernel',
      'kernel.json',
      'kits',
    ]);

    // What was downloaded is enough to make the kit again; nothing is fetched for that.
    await rm(kit.initramfsPath);
    await rm(join(home, 'vm', 'kits', kit.key), { recursive: true });
    await writeFile(join(home, 'vm', 'kernel.json'), '{"cut off');
    expect(await prepareGuest(home, { hostRoot })).toEqual(kit);
  },
);

it.skipIf(obstacle !== '')(`makes the kit again when an input changes${obstacle}`, async () => {
  const home = join(dir.path, 'download');
  const hostRoot = join(dir.path, 'nothing');
  const first = await prepareGuest(home, { hostRoot });
  const busybox = join(home, 'vm', 'busybox');
  await writeFile(busybox, Buffer.concat([await readFile(busybox), Buffer.from('changed')]));
  const second = await prepareGuest(home, { hostRoot });
  expect(second.key).not.toBe(first.key);
  expect((await readFile(second.initramfsPath)).includes('changed')).toBe(true);
  expect((await readdir(join(home, 'vm', 'kits'))).sort()).toEqual([first.key, second.key].sort());

  const longAgo = new Date('2001-01-01');
  await utimes(join(home, 'vm', 'kits', first.key), longAgo, longAgo);
  await writeFile(busybox, Buffer.concat([await readFile(busybox), Buffer.from('again')]));
  const third = await prepareGuest(home, { hostRoot });
  expect((await readdir(join(home, 'vm', 'kits'))).sort()).toEqual([second.key, third.key].sort());
});

it.skipIf(obstacle !== '')(`makes the kit again when it is damaged${obstacle}`, async () => {
  const home = join(dir.path, 'download');
  const hostRoot = join(dir.path, 'nothing');
  const kit = await prepareGuest(home, { hostRoot });
  const files = [kit.kernelPath, kit.initramfsPath];
  const digests = (): Promise<string[]> =>
    Promise.all(files.map(async (file) => digestOf(await readFile(file))));
  const whole = await digests();
  for (const file of files) {
    for (const damage of [() => rm(file), () => truncate(file, 0), () => truncate(file, 4096)]) {
      await damage();
      expect(await prepareGuest(home, { hostRoot })).toEqual(kit);
      expect(await digests()).toEqual(whole);
    }
  }
});

it('names the home that it cannot use', async () => {
  const file = join(dir.path, 'file');
  await writeFile(file, '');
  await expect(prepareGuest(file)).rejects.toMatchObject({ code: 'home_unusable' });
});
