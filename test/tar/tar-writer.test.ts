import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BytePath, fromBytes } from '../../src/bytes/byte-path.ts';
import { runChecked } from '../../src/process/run-command.ts';
import type { TarEntry, TarSegment } from '../../src/tar/tar-entry.ts';
import { type TarRecord, writeTar } from './support/tar-writer.ts';
import { describeMembers, describeTree } from './support/described.ts';
import { contentOf, readArchive } from './support/read-archive.ts';
import { makeSampleTree } from './support/sample-tree.ts';
import {
  canMakeDevices,
  hasBsdtar,
  hasGnuTar,
  takesXattrs,
  testDir,
  unpackWithGnuTar,
} from './support/tools.ts';
import { isRoot } from '../support/scratch.ts';

const plain: TarEntry = {
  path: 'file',
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtimeSec: 1_700_000_000,
  mtimeNsec: 0,
  sizeBytes: 0,
  linkTarget: '',
  deviceMajor: 0,
  deviceMinor: 0,
  xattrs: [],
};

async function written(...records: readonly TarRecord[]): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of writeTar(records)) parts.push(part);
  return Buffer.concat(parts);
}

describe('an archive of any entries', () => {
  const names = fc
    .uint8Array({ minLength: 1, maxLength: 255 })
    .map((bytes) => fromBytes(Buffer.from(bytes)).replace(/[\0/]/g, '_'))
    .filter((name) => name !== '.' && name !== '..');
  const asciiNames = fc.stringMatching(/^[a-z]{1,90}$/);
  const paths: fc.Arbitrary<BytePath> = fc
    .array(fc.oneof(names, asciiNames), { minLength: 1, maxLength: 5 })
    .map((names) => names.join('/'));
  const targets = fc.oneof(paths, fc.constantFrom('../..', '/', 'x'.repeat(101)));
  const numbers = fc.oneof(fc.nat({ max: 0o7777777 }), fc.nat({ max: 0xffff_fffe }));
  const xattrs = fc
    .uniqueArray(
      fc.record({
        name: names.map((name) => `user.${name}`.slice(0, 255)),
        value: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      }),
      { selector: ({ name }) => name, maxLength: 4 },
    )
    .map((list) => list.sort((left, right) => (left.name < right.name ? -1 : 1)));
  const common = {
    path: paths,
    mode: fc.nat({ max: 0o7777 }),
    uid: numbers,
    gid: numbers,
    mtimeSec: fc.oneof(
      fc.maxSafeInteger().filter((sec) => Math.abs(sec) < 2 ** 53 - 2),
      fc.integer(),
    ),
    mtimeNsec: fc.oneof(fc.constant(0), fc.nat({ max: 999_999_999 })),
    xattrs,
  };
  const records: fc.Arbitrary<TarRecord> = fc.oneof(
    fc.tuple(fc.record(common), fc.uint8Array({ maxLength: 1500 })).map(([entry, bytes]) => ({
      entry: { ...plain, ...entry, sizeBytes: bytes.length },
      body: Buffer.from(bytes),
    })),
    fc
      .record({ ...common, type: fc.constantFrom('directory' as const, 'fifo' as const) })
      .map((entry) => ({ entry: { ...plain, ...entry } })),
    fc
      .record({ ...common, type: fc.constant('symlink' as const), linkTarget: targets })
      .map((entry) => ({ entry: { ...plain, ...entry } })),
    fc
      .record({ ...common, type: fc.constant('hardlink' as const), linkTarget: paths })
      .map((entry) => ({ entry: { ...plain, ...entry } })),
    fc
      .record({
        ...common,
        type: fc.constantFrom('char' as const, 'block' as const),
        deviceMajor: numbers,
        deviceMinor: numbers,
      })
      .map((entry) => ({ entry: { ...plain, ...entry } })),
  );

  it('is read as what was written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(records, { maxLength: 6 }), async (records) => {
        const members = await readArchive(await written(...records), { cut: [1000] });
        expect(members.map(({ entry }) => entry)).toEqual(records.map(({ entry }) => entry));
        const contents = records.map(({ body }) => body ?? Buffer.alloc(0));
        expect(members.map(contentOf)).toEqual(contents);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the writer', () => {
  it('has no extended header where ustar has room', async () => {
    const path = `${'p'.repeat(155)}/${'n'.repeat(100)}`;
    const archive = await written({ entry: { ...plain, path } });
    expect(archive).toHaveLength(512 + 1024);
    expect((await readArchive(archive))[0]?.entry.path).toBe(path);
  });

  it.for<[string, Partial<TarEntry>]>([
    ['a long name', { path: 'n'.repeat(101) }],
    ['a name that is not ASCII', { path: 'caf\xc3\xa9' }],
    ['a large owner', { uid: 0o10000000 }],
    ['a time before 1970', { mtimeSec: -1 }],
    ['a fraction of a second', { mtimeNsec: 1 }],
    ['an attribute', { xattrs: [{ name: 'user.%3D%25=', value: Buffer.from('x') }] }],
    [
      'a directory whose last name has 100 bytes',
      { path: `a/${'n'.repeat(100)}`, type: 'directory' },
    ],
  ])('has one for %s', async ([, fields]) => {
    const archive = await written({ entry: { ...plain, ...fields } });
    expect(archive).toHaveLength(3 * 512 + 1024);
    expect((await readArchive(archive))[0]?.entry).toEqual({ ...plain, ...fields });
  });

  it('gives the same bytes for the same records', async () => {
    const entry = { ...plain, path: 'caf\xe9', mtimeNsec: 5 };
    expect(await written({ entry })).toEqual(await written({ entry: { ...entry } }));
  });

  it('writes the root directory', async () => {
    const root: TarEntry = { ...plain, path: '', type: 'directory' };
    expect((await readArchive(await written({ entry: root })))[0]?.entry).toEqual(root);
  });

  it('puts zeros into holes', async () => {
    const entry = { ...plain, sizeBytes: 200_000 };
    const segments = [
      { offset: 5, bytes: Buffer.from('abc') },
      { offset: 150_000, bytes: Buffer.from('def') },
    ];
    const [member] = await readArchive(await written({ entry, body: inOrder(segments) }));
    const expected = Buffer.alloc(200_000);
    for (const { offset, bytes } of segments) bytes.copy(expected, offset);
    expect(member !== undefined && contentOf(member).equals(expected)).toBe(true);
  });

  it('writes sizes beyond 33 bits', async () => {
    const sizeBytes = 9 * 1024 ** 3;
    const parts = writeTar([{ entry: { ...plain, sizeBytes }, body: inOrder([]) }]);
    const first = await parts.next();
    await parts.return();
    const head = first.value ?? Buffer.alloc(0);
    expect(head.toString('latin1', 512, 1024)).toContain('19 size=9663676416\n');
  });

  it.for<[string, TarRecord]>([
    ['a body that is too short', { entry: { ...plain, sizeBytes: 2 }, body: Buffer.from('x') }],
    ['a body that is missing', { entry: { ...plain, sizeBytes: 2 } }],
    [
      'a segment behind the end',
      { entry: plain, body: inOrder([{ offset: 0, bytes: Buffer.from('x') }]) },
    ],
    ['a NUL in a name', { entry: { ...plain, path: 'a\0b' } }],
    ['a file without a name', { entry: { ...plain, path: '' } }],
    ['a link without a target', { entry: { ...plain, type: 'symlink' } }],
  ])('refuses %s', async ([, record]) => {
    await expect(written(record)).rejects.toMatchObject({ code: 'internal' });
  });

  it('refuses segments that go back', async () => {
    const bytes = Buffer.from('xy');
    const body = inOrder([
      { offset: 2, bytes },
      { offset: 1, bytes },
    ]);
    const record = { entry: { ...plain, sizeBytes: 4 }, body };
    await expect(written(record)).rejects.toThrow('a segment at 1 after 4');
  });
});

describe('other readers', () => {
  const canJudge = isRoot && hasGnuTar;
  const reason = canJudge ? '' : ' (skipped: needs root and GNU tar)';

  it.skipIf(!canJudge)(`unpack what was written: GNU tar${reason}`, async () => {
    await using dir = await testDir();
    const [tree, unpacked] = [join(dir.path, 'tree'), join(dir.path, 'unpacked')] as const;
    await mkdir(tree);
    await mkdir(unpacked);
    const [xattrs, devices] = [await takesXattrs(), await canMakeDevices()];
    await makeSampleTree(tree, { longNames: 'any', devices, largeNumbers: true, xattrs });
    const original = join(dir.path, 'original.tar');
    const format = ['--format=posix', '--xattrs', '--xattrs-include=*'];
    await runChecked('tar', ['-cf', original, ...format, '-C', tree, '.']);
    const members = await readArchive(await readFile(original));
    const copy = join(dir.path, 'copy.tar');
    const records = members.map((member) => ({ entry: member.entry, body: contentOf(member) }));
    await writeFile(copy, await written(...records));
    const listing = await runChecked('tar', ['-tvf', copy]);
    // GNU tar does not know this keyword of the standard, and needs it for nothing.
    const warning = /^tar: Ignoring unknown extended header keyword 'hdrcharset'\n/gm;
    expect(listing.stderr.toString('utf8').replace(warning, '')).toBe('');
    expect(listing.stdout.toString('latin1').trimEnd().split('\n')).toHaveLength(members.length);
    await unpackWithGnuTar(copy, unpacked);
    expect(await describeTree(unpacked, members)).toEqual(describeMembers(members));
  });

  const missing = hasBsdtar ? '' : ' (skipped: bsdtar is not installed)';
  it.skipIf(!hasBsdtar)(`list what was written: bsdtar${missing}`, async () => {
    await using dir = await testDir();
    const path = join(dir.path, 'a.tar');
    const entry = { ...plain, path: 'n'.repeat(120), uid: 4_000_000_000, mtimeNsec: 5 };
    await writeFile(path, await written({ entry }, { entry: plain }));
    const { stdout, stderr } = await runChecked('bsdtar', ['-tf', path]);
    expect(stdout.toString('utf8')).toBe(`${entry.path}\nfile\n`);
    expect(stderr.toString('utf8')).toBe('');
  });
});

async function* inOrder(segments: readonly TarSegment[]): AsyncGenerator<TarSegment, void> {
  yield* segments;
}
