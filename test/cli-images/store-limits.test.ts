import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mountTmpfs, whyNoMount } from '../support/tmpfs-mount.ts';
import { scratchDir } from '../support/scratch.ts';
import { bulk, createCli, errorIn, makeTar } from './support/cli.ts';

const scratch = scratchDir('cli-limits');
const whyNot = await whyNoMount();
const reason = whyNot === null ? '' : ` (${whyNot})`;
const mib = 1024 * 1024;
const small = makeTar(join(scratch, 'small.tar'), { 'etc/small': 'small', large: bulk(200_000) });

describe('a store that is full', () => {
  it.skipIf(whyNot !== null)(
    `in mid-write is store_full, breaks no image, and works again when there is room${reason}`,
    async () => {
      await using mount = await mountTmpfs(48 * mib);
      const cli = createCli(join(scratch, 'full'), join(mount.path, 'store'));
      const large = makeTar(join(scratch, 'large.tar'), { large: randomBytes(30 * mib) });
      await cli.run('image', 'import', `tar:${small}`, '-t', 'small', '--disk', '64M');
      const ballast = join(mount.path, 'ballast');
      // Full after no pack, one pack, two packs and so on.
      for (const freeBytes of [0, 9 * mib, 18 * mib, 27 * mib]) {
        writeFileSync(ballast, Buffer.alloc(46 * mib - freeBytes));
        const failed = await cli.json(
          'image',
          'import',
          `tar:${large}`,
          '-t',
          'large',
          '--disk',
          '64M',
        );
        expect([failed.exitCode, errorIn(failed.document)]).toMatchObject([
          6,
          { code: 'store_full', class: 'operator' },
        ]);
        rmSync(ballast);
        const listed = await cli.json('image', 'ls', '--all');
        expect(listed.document['images']).toHaveLength(1);
        expect((await cli.json('store', 'fsck')).exitCode).toBe(0);
        expect(readdirSync(join(cli.storeDir, '~tmp'))).toEqual([]);
        expect(readdirSync(join(cli.home, 'tmp'))).toEqual([]);
        // Another home: nothing is known of what was stored before the disk was full.
        const fresh = createCli(join(scratch, `full-${freeBytes}`), cli.storeDir);
        const again = freeBytes === 27 * mib ? fresh : null;
        if (again === null) continue;
        const done = await again.json(
          'image',
          'import',
          `tar:${large}`,
          '-t',
          'large',
          '--disk',
          '64M',
        );
        expect(done).toMatchObject({ exitCode: 0 });
        expect((await cli.json('store', 'fsck')).exitCode).toBe(0);
      }
    },
  );
});

describe('a store that cannot be written', () => {
  it.skipIf(whyNot !== null)(`can be read in every way${reason}`, async () => {
    await using mount = await mountTmpfs(32 * mib);
    const cli = createCli(join(scratch, 'read-only'), join(mount.path, 'store'));
    const { document } = await cli.json(
      'image',
      'import',
      `tar:${small}`,
      '-t',
      'small',
      '--disk',
      '64M',
    );
    // With a pack in quarantine, which can then only be read where it is.
    const packs = join(cli.storeDir, 'packs');
    const [pack = ''] = readdirSync(packs, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.pack'),
    );
    mkdirSync(join(cli.storeDir, 'quarantine'));
    renameSync(join(packs, pack), join(cli.storeDir, 'quarantine', pack.slice(3)));
    await mount.makeReadOnly();
    for (const args of [
      ['image', 'ls'],
      ['image', 'inspect', 'small'],
      ['image', 'files', 'small'],
      ['image', 'cat', 'small', '/etc/small'],
      ['image', 'diff', 'small', 'small'],
      ['image', 'verify', 'small'],
      ['image', 'export', 'small', join(scratch, 'read-only.raw')],
      ['store', 'stats'],
      ['store', 'fsck'],
      ['store', 'gc', '--dry-run'],
    ])
      expect((await cli.json(...args)).exitCode, args.join(' ')).toBe(0);
    const other = makeTar(join(scratch, 'other.tar'), { other: 'other' });
    for (const args of [
      ['image', 'import', `tar:${other}`, '-t', 'other', '--disk', '64M'],
      ['image', 'import', `tar:${small}`, '-t', 'small', '--disk', '64M'],
      ['image', 'rm', 'small'],
      ['store', 'gc', '--grace', '0s'],
    ]) {
      const failed = await cli.json(...args);
      expect([failed.exitCode, errorIn(failed.document)?.code], args.join(' ')).toEqual([
        6,
        'store_read_only',
      ]);
    }
    expect((await cli.json('image', 'inspect', 'small')).document).toMatchObject({
      digest: document['digest'],
    });
  });
});

describe('a store of a later format', () => {
  it('is refused by every command with who has to act', async () => {
    const cli = createCli(join(scratch, 'newer'));
    await cli.run('image', 'import', `tar:${small}`, '-t', 'small', '--disk', '64M');
    const format = join(cli.storeDir, 'ashlar-store.json');
    writeFileSync(format, '{"format":"ashlar-store","version":2}\n');
    for (const args of [
      ['image', 'ls'],
      ['image', 'inspect', 'small'],
      ['image', 'files', 'small'],
      ['image', 'cat', 'small', '/etc/small'],
      ['image', 'diff', 'small', 'small'],
      ['image', 'verify', 'small'],
      ['image', 'export', 'small', join(scratch, 'newer.raw')],
      ['image', 'rm', 'small'],
      ['image', 'import', `tar:${small}`, '-t', 'small'],
      ['store', 'stats'],
      ['store', 'fsck'],
      ['store', 'gc'],
    ]) {
      const failed = await cli.json(...args);
      expect([failed.exitCode, errorIn(failed.document)?.code], args.join(' ')).toEqual([
        6,
        'store_newer_format',
      ]);
    }
  });
});

describe('a home that cannot be used', () => {
  it('is home_unusable for an import, and does not matter to who reads', async () => {
    const cli = createCli(join(scratch, 'good'));
    await cli.run('image', 'import', `tar:${small}`, '-t', 'small', '--disk', '64M');
    const file = join(scratch, 'a-file');
    writeFileSync(file, '');
    const bad = createCli(file, cli.storeDir);
    const failed = await bad.json(
      'image',
      'import',
      `tar:${small}`,
      '-t',
      'small',
      '--disk',
      '64M',
    );
    expect([failed.exitCode, errorIn(failed.document).code]).toEqual([6, 'home_unusable']);
    for (const args of [
      ['image', 'ls'],
      ['image', 'verify', 'small'],
      ['store', 'fsck'],
      ['store', 'gc', '--dry-run'],
    ])
      expect((await bad.json(...args)).exitCode, args.join(' ')).toBe(0);
  });

  it.skipIf(whyNot !== null)(`is disk_full when it is full${reason}`, async () => {
    await using mount = await mountTmpfs(mib);
    const cli = createCli(mount.path, join(scratch, 'store-of-full-home'));
    const files: Record<string, Buffer> = {};
    for (let file = 0; file < 400; file += 1) files[`f${file}`] = randomBytes(15_000);
    const archive = makeTar(join(scratch, 'many.tar'), files);
    const failed = await cli.json('image', 'import', `tar:${archive}`, '-t', 'x', '--disk', '64M');
    expect([failed.exitCode, errorIn(failed.document).code]).toEqual([6, 'disk_full']);
    expect((await cli.json('store', 'fsck')).exitCode).toBe(0);
  });
});
