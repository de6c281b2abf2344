import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { leaseImage } from '../../src/image/references/image-leases.ts';
import type { Digest } from '../../src/digest/digest.ts';
import { createFsObjectStore } from '../../src/store/fs-object-store.ts';
import { scratchDir } from '../support/scratch.ts';
import { bulk, createCli, errorIn, makeTar } from './support/cli.ts';

const scratch = scratchDir('cli-images');
const cli = createCli(join(scratch, 'home'));
const escape = '\u001b';
const weird = `etc/esc${escape}[31m\nline\u202e`;
const files = {
  'etc/hostname': 'a-host\n',
  'usr/lib/large': bulk(300_000, 1),
  [weird]: 'weird',
};
let digest = '';
const hex = (): string => digest.slice('blake3:'.length);

beforeAll(async () => {
  const archive = makeTar(join(scratch, 'one.tar'), files);
  const other = makeTar(join(scratch, 'two.tar'), { ...files, 'etc/hostname': 'other\n' });
  const { document } = await cli.json(
    'image',
    'import',
    `tar:${archive}`,
    '-t',
    'one:v1',
    '--disk',
    '64M',
  );
  digest = String(document['digest']);
  await cli.run('image', 'import', `tar:${other}`, '-t', 'two', '--disk', '64M');
});

describe('every command', () => {
  it('gives one JSON document, and exits with 0', async () => {
    const out = join(scratch, 'json.raw');
    const documents: [string[], Record<string, unknown>][] = [
      [
        ['image', 'ls'],
        {
          images: expect.arrayContaining([
            expect.objectContaining({ digest, tags: ['one:v1'], damage: null }),
          ]),
        },
      ],
      [['image', 'ls', '--all'], { images: expect.anything() }],
      [
        ['image', 'inspect', 'one:v1'],
        { digest, tags: ['one:v1'], diskBytes: 67_108_864, provenance: { kind: 'import' } },
      ],
      [
        ['image', 'files', 'one:v1'],
        {
          files: expect.arrayContaining([
            expect.objectContaining({ path: '/etc/hostname', sizeBytes: 7, mode: '0644' }),
          ]),
        },
      ],
      [
        ['image', 'files', 'one:v1', '/usr'],
        { files: [{ path: '/usr' }, { path: '/usr/lib' }, { path: '/usr/lib/large' }] },
      ],
      [
        ['image', 'cat', 'one:v1', '/etc/hostname'],
        { path: '/etc/hostname', sizeBytes: 7, base64: Buffer.from('a-host\n').toString('base64') },
      ],
      [
        ['image', 'diff', 'one:v1', 'two'],
        { files: [{ path: '/etc/hostname', change: 'content' }], others: [] },
      ],
      [['image', 'verify', 'one:v1'], { images: 1, damages: [] }],
      [['image', 'export', 'one:v1', out], { digest, path: out, diskBytes: 67_108_864 }],
      [['store', 'stats'], { images: 2, tags: 2, damagedImages: 0 }],
      [['store', 'fsck'], { images: 2, damages: [] }],
      [['store', 'gc', '--dry-run'], { dryRun: true, removedImages: [] }],
      [['store', 'gc'], { dryRun: false, removedImages: [], quarantined: [] }],
    ];
    for (const [args, expected] of documents) {
      const { exitCode, document } = await cli.json(...args);
      expect(document, args.join(' ')).toMatchObject(expected);
      expect(exitCode).toBe(0);
    }
    expect(statSync(out).size).toBe(67_108_864);
  });

  it('says in text what it did, the result alone on stdout', async () => {
    const cat = await cli.run('image', 'cat', 'one:v1', '/etc/hostname');
    expect(cat).toEqual({ exitCode: 0, stdout: Buffer.from('a-host\n'), stderr: '' });
    const large = await cli.run('image', 'cat', 'one:v1', 'usr/lib/large');
    expect(large.stdout.equals(files['usr/lib/large'])).toBe(true);
    const text = async (...args: string[]): Promise<string> =>
      (await cli.run(...args)).stdout.toString();
    expect(await text('image', 'ls')).toMatch(/^NAME +DIGEST.*\n.*one:v1|two:latest/s);
    expect(await text('image', 'diff', 'one:v1', 'two')).toMatch(
      /^M \/etc\/hostname\n1 path differs \(\+ added, - removed, M other content, m .*\); /,
    );
    expect(await text('image', 'verify', 'one:v1')).toMatch(/all good\n$/);
    expect(await text('store', 'gc', '--dry-run')).toMatch(
      /^2 images are kept: 2 by a tag\nwould remove 0 images/,
    );
  });

  it('tells what a path is that cannot be written, and a path that is missing, as it stands in the image', async () => {
    const directory = await cli.run('image', 'cat', 'one:v1', '/usr/lib');
    expect(directory.stderr).toContain('error: /usr/lib of the image is a directory, not a file\n');
    expect(directory.stderr).toContain('next: `ashlar image files one:v1 /usr/lib` lists');
    for (const path of ['nothing', '/nothing', '//nothing']) {
      const missing = await cli.run('image', 'cat', 'one:v1', path);
      expect(missing.stderr).toContain('error: the image has no file /nothing\n');
    }
  });

  it('never writes a control character of an image to the terminal', async () => {
    for (const args of [
      ['image', 'files', 'one:v1'],
      ['image', 'inspect', 'one:v1'],
      ['image', 'files', 'one:v1', `/${weird}`],
      ['image', 'cat', 'one:v1', '/etc'],
      ['image', 'cat', 'one:v1', `/${weird}x`],
    ]) {
      const { stdout, stderr } = await cli.run(...args);
      // Control, formatting and private characters, but for the line feed.
      expect(`${stdout.toString()}${stderr}`.replaceAll('\n', '')).not.toMatch(/\p{C}/u);
    }
    const listing = (await cli.run('image', 'files', 'one:v1')).stdout.toString();
    expect(listing).toContain('/etc/esc\\x1b[31m\\x0aline\\xe2\\x80\\xae');
    expect((await cli.run('image', 'cat', 'one:v1', `/${weird}`)).stdout.toString()).toBe('weird');
  });
});

describe('a command that fails', () => {
  const bad = `blake3:${'0'.repeat(64)}`;
  const cases: [string[], number, string][] = [
    [['image', 'inspect', 'none'], 2, 'image_not_found'],
    [['image', 'inspect', bad], 2, 'image_not_found'],
    [['image', 'files', 'none'], 2, 'image_not_found'],
    [['image', 'files', 'one:v1', '/none'], 2, 'file_not_found'],
    [['image', 'cat', 'one:v1', '/none'], 2, 'file_not_found'],
    [['image', 'cat', 'one:v1', '/etc'], 2, 'file_not_found'],
    [['image', 'diff', 'one:v1', 'none'], 2, 'image_not_found'],
    [['image', 'verify', 'none'], 2, 'image_not_found'],
    [['image', 'export', 'none', '/tmp/none.raw'], 2, 'image_not_found'],
    [['image', 'export', 'one:v1', join(scratch, 'one.tar')], 2, 'invalid_request'],
    [['image', 'export', 'one:v1', join(scratch, 'no/such/directory/x')], 2, 'invalid_request'],
    [['image', 'rm', 'none'], 2, 'image_not_found'],
    [['image', 'import', 'tar:/none', '-t', 'x'], 2, 'source_invalid'],
    [['image', 'import', 'nonsense', '-t', 'x'], 2, 'source_invalid'],
    [['image', 'import', 'tar:/none'], 2, 'invalid_request'],
    [['image', 'import', 'tar:/none', '-t', 'x', '--disk', 'x'], 2, 'config_invalid'],
    [['image', 'nonsense'], 2, 'invalid_request'],
    [['image', 'inspect'], 2, 'invalid_request'],
    [['image', 'ls', '--nonsense'], 2, 'invalid_request'],
    [['store', 'gc', '--grace', 'x'], 2, 'config_invalid'],
    [['store', 'stats', '--store', 'ftp://x'], 2, 'store_url_invalid'],
    [['store', 'fsck', '--store', `file://${scratch}/no-store`], 2, 'store_missing'],
  ];

  it.each(cases)('%j exits with %i and says %s', async (args, exitCode, code) => {
    const failed = await cli.json(...args);
    expect([failed.exitCode, errorIn(failed.document)?.code]).toEqual([exitCode, code]);
    expect(errorIn(failed.document)).toMatchObject({
      class: 'caller',
      message: expect.any(String),
      hint: expect.any(String),
    });
    const text = await cli.run(...args);
    expect([text.exitCode, text.stdout.length]).toEqual([exitCode, 0]);
    expect(text.stderr).toContain(code);
  });

  it('leaves a file alone that is in the way of an export', () => {
    expect(statSync(join(scratch, 'one.tar')).size).toBeGreaterThan(300_000);
    expect(existsSync('/tmp/none.raw')).toBe(false);
  });
});

describe('a name that cannot be one', () => {
  it.each(['Upper', 'a b', '', `${'a/'.repeat(90)}a`, digestLike()])(
    'is refused before anything is read: %j',
    async (name) => {
      const home = join(scratch, 'untouched');
      const fresh = createCli(home);
      const failed = await fresh.json(
        'image',
        'import',
        `tar:${join(scratch, 'one.tar')}`,
        '-t',
        name,
      );
      expect([failed.exitCode, errorIn(failed.document).code]).toEqual([2, 'reference_invalid']);
      expect(existsSync(home)).toBe(false);
    },
  );

  function digestLike(): string {
    return `blake3:${'1'.repeat(64)}`;
  }
});

describe('references', () => {
  it('are tags, digests and the beginnings of digests', async () => {
    for (const reference of [
      'one:v1',
      digest,
      hex().slice(0, 8),
      hex().slice(0, 30),
      `blake3:${hex().slice(0, 9)}`,
    ])
      expect((await cli.json('image', 'inspect', reference)).document).toMatchObject({ digest });
    for (const reference of ['one', hex().slice(0, 7), 'x'.repeat(500), '../../etc'])
      expect((await cli.json('image', 'inspect', reference)).exitCode).toBe(2);
  });
});

describe('removing', () => {
  const store = () => createFsObjectStore(cli.storeDir);

  it('takes a tag away and leaves the image; an image only without tags and users', async () => {
    await cli.run(
      'image',
      'import',
      `tar:${join(scratch, 'one.tar')}`,
      '-t',
      'again',
      '--disk',
      '64M',
    );
    const refused = await cli.json('image', 'rm', digest);
    expect(refused.exitCode).toBe(2);
    expect(errorIn(refused.document)).toMatchObject({
      code: 'image_in_use',
      data: { tags: ['again:latest', 'one:v1'] },
    });
    for (const tag of ['again', 'one:v1'])
      expect((await cli.json('image', 'rm', tag)).document).toEqual({ removedTag: tag });
    expect((await cli.json('image', 'inspect', digest)).exitCode).toBe(0);
    expect((await cli.run('image', 'ls')).stdout.toString()).not.toContain('<none>');
    expect((await cli.run('image', 'ls', '--all')).stdout.toString()).toContain('<none>');
    {
      const time = { nowMs: Date.now(), lifetimeMs: 60_000 };
      await using _ = await leaseImage(await store(), digest as Digest, time);
      expect(errorIn((await cli.json('image', 'rm', digest)).document).code).toBe('image_in_use');
    }
    expect((await cli.json('image', 'rm', hex().slice(0, 10))).document).toEqual({
      removedImage: digest,
    });
    expect((await cli.json('image', 'inspect', digest)).exitCode).toBe(2);
    expect(readdirSync(join(cli.storeDir, 'images'))).toHaveLength(4);
    expect((await cli.json('image', 'verify', 'two')).exitCode).toBe(0);
    const { document } = await cli.json('store', 'gc', '--grace', '0s', '--quarantine', '0s');
    expect(document).toMatchObject({ removedImages: [], deleted: [] });
    expect((await cli.json('store', 'fsck')).exitCode).toBe(0);
  });
});

describe('damage', () => {
  it('is listed by fsck and verify with exit code 7; the rest can be used', async () => {
    const hurt = createCli(join(scratch, 'hurt'));
    const source = `tar:${makeTar(join(scratch, 'three.tar'), { 'lib/large': bulk(500_000, 3), 'etc/x': 'x' })}`;
    await hurt.run('image', 'import', source, '-t', 'hurt', '--disk', '64M');
    await hurt.run(
      'image',
      'import',
      `tar:${join(scratch, 'two.tar')}`,
      '-t',
      'whole',
      '--disk',
      '64M',
    );
    const packs = readdirSync(join(hurt.storeDir, 'packs'), {
      recursive: true,
      withFileTypes: true,
    });
    const pack = packs.find((entry) => entry.isFile());
    if (pack === undefined) throw new Error('no pack');
    const path = join(pack.parentPath, pack.name);
    const good = readFileSync(path);
    const bad = Buffer.from(good);
    bad.writeUInt8(bad.readUInt8(30) ^ 1, 30);
    writeFileSync(path, bad);
    const [victim, other] =
      (await hurt.json('image', 'verify', 'whole')).exitCode === 0
        ? ['hurt', 'whole']
        : ['whole', 'hurt'];
    for (const args of [
      ['store', 'fsck'],
      ['image', 'verify', victim],
    ]) {
      const { exitCode, document } = await hurt.json(...args);
      expect(exitCode).toBe(7);
      const { code, data, message } = errorIn(document);
      expect(code).toBe('chunk_corrupt');
      expect(data['images']).toHaveLength(1);
      expect(data['files']).toHaveLength(1);
      expect(data['damages']).toMatchObject([
        expect.stringMatching(/^(hurt|whole):latest: chunk_corrupt: .* \(\/.*large\)$/),
      ]);
      expect(message).toContain('chunk_corrupt');
    }
    const [file = ''] = errorIn((await hurt.json('store', 'fsck')).document).data[
      'files'
    ] as string[];
    const cat = await hurt.json('image', 'cat', victim, file);
    expect([cat.exitCode, errorIn(cat.document).code]).toEqual([7, 'chunk_corrupt']);
    const exported = await hurt.json('image', 'export', victim, join(scratch, 'hurt.raw'));
    expect([exported.exitCode, errorIn(exported.document)]).toMatchObject([
      7,
      { code: 'chunk_corrupt', data: { files: [file] } },
    ]);
    expect(existsSync(join(scratch, 'hurt.raw'))).toBe(false);
    expect((await hurt.json('image', 'verify', other)).exitCode).toBe(0);
    expect((await hurt.json('image', 'ls')).exitCode).toBe(0);
    // The hint is to import again.
    for (const [name, from] of [
      ['hurt', source],
      ['whole', `tar:${join(scratch, 'two.tar')}`],
    ] as const)
      await hurt.run('image', 'import', from, '-t', name, '--disk', '64M');
    expect((await hurt.json('store', 'fsck')).exitCode).toBe(0);
  });

  it('of a root does not keep others from being listed, counted and removed', async () => {
    const hurt = createCli(join(scratch, 'hurt-root'));
    await hurt.run(
      'image',
      'import',
      `tar:${join(scratch, 'one.tar')}`,
      '-t',
      'hurt',
      '--disk',
      '64M',
    );
    await hurt.run(
      'image',
      'import',
      `tar:${join(scratch, 'two.tar')}`,
      '-t',
      'whole',
      '--disk',
      '64M',
    );
    const root = readdirSync(join(hurt.storeDir, 'images')).find(
      (name) => name === `${hex()}.root`,
    );
    writeFileSync(join(hurt.storeDir, 'images', root ?? ''), 'garbage');
    writeFileSync(join(hurt.storeDir, 'tags', 'bad%3Av1.json'), '{');
    const listed = await hurt.run('image', 'ls');
    expect(listed.exitCode).toBe(0);
    expect(listed.stdout.toString()).toMatch(/hurt:latest .* manifest_corrupt\n/);
    expect(listed.stdout.toString()).toMatch(/whole:latest .* 64 MiB\n/);
    expect(listed.stderr).toMatch(/^warning: the tag bad:v1 is damaged/);
    expect((await hurt.json('store', 'stats')).document).toMatchObject({
      images: 2,
      damagedImages: 1,
    });
    expect((await hurt.json('image', 'inspect', 'whole')).exitCode).toBe(0);
    const fsck = await hurt.json('store', 'fsck');
    expect(fsck.exitCode).toBe(7);
    expect(errorIn(fsck.document).data['damages']).toHaveLength(2);
    const gc = await hurt.json('store', 'gc');
    expect([gc.exitCode, errorIn(gc.document).code]).toEqual([7, 'manifest_corrupt']);
    expect((await hurt.json('image', 'rm', 'bad:v1')).exitCode).toBe(0);
    expect((await hurt.json('image', 'rm', 'hurt')).exitCode).toBe(0);
    expect((await hurt.json('image', 'rm', digest)).exitCode).toBe(0);
    expect((await hurt.json('store', 'fsck')).exitCode).toBe(0);
    expect((await hurt.json('store', 'gc')).exitCode).toBe(0);
  });
});
