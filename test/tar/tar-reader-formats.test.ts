import { describe, expect, it } from 'vitest';
import type { TarEntry } from '../../src/tar/tar-entry.ts';
import {
  archive,
  gnuLong,
  handMadeTimeSec,
  header,
  member,
  padded,
  pax,
} from './support/hand-made.ts';
import { contentOf, readArchive, readEntries } from './support/read-archive.ts';

async function onlyEntry(...parts: readonly Buffer[]): Promise<TarEntry> {
  const [entry, ...others] = await readEntries(archive(...parts));
  expect(others).toEqual([]);
  if (entry === undefined) throw new Error('no entry');
  return entry;
}

describe('headers', () => {
  it('of ustar say everything', async () => {
    expect(await onlyEntry(member({ name: 'etc/hosts', mode: '0104755' }, 'abc'))).toEqual({
      path: 'etc/hosts',
      type: 'file',
      mode: 0o4755,
      uid: 1000,
      gid: 1001,
      mtimeSec: handMadeTimeSec,
      mtimeNsec: 0,
      sizeBytes: 3,
      linkTarget: '',
      deviceMajor: 0,
      deviceMinor: 0,
      xattrs: [],
    });
  });

  it.for([
    ['0', 'file'],
    ['\0', 'file'],
    ['7', 'file'],
    ['1', 'hardlink'],
    ['2', 'symlink'],
    ['3', 'char'],
    ['4', 'block'],
    ['5', 'directory'],
    ['6', 'fifo'],
  ] as const)('with typeflag %j are a %s', async ([typeflag, type]) => {
    const entry = await onlyEntry(header({ typeflag, linkName: 'to' }));
    expect(entry.type).toBe(type);
    expect(entry.linkTarget).toBe(type === 'hardlink' || type === 'symlink' ? 'to' : '');
  });

  it('of old archives mark a directory by a slash alone', async () => {
    for (const typeflag of ['\0', '0']) {
      const entry = await onlyEntry(header({ name: 'old/', typeflag, magic: 'v7' }));
      expect(entry).toMatchObject({ path: 'old', type: 'directory' });
    }
  });

  it('have a prefix in ustar only, up to 255 bytes in all, and 131 in star', async () => {
    const prefix = 'p'.repeat(155);
    const name = 'n'.repeat(100);
    expect((await onlyEntry(header({ name, prefix }))).path).toBe(`${prefix}/${name}`);
    expect((await onlyEntry(header({ name, prefix, magic: 'gnu' }))).path).toBe(name);
    expect((await onlyEntry(header({ name, prefix, magic: 'v7' }))).path).toBe(name);
    const star = header({
      name,
      prefix: 'p'.repeat(131),
      over: { 476: '14371573417 ', 508: 'tar\0' },
    });
    expect((await onlyEntry(star)).path).toBe(`${'p'.repeat(131)}/${name}`);
  });

  it('have device numbers where the format has them', async () => {
    const over = { 329: '0000010\0', 337: '0001000\0' };
    const device = header({ typeflag: '3', over });
    expect(await onlyEntry(device)).toMatchObject({ deviceMajor: 8, deviceMinor: 512 });
    const old = header({ typeflag: '4', over, magic: 'v7' });
    expect(await onlyEntry(old)).toMatchObject({ deviceMajor: 0, deviceMinor: 0 });
    expect(await onlyEntry(header({ over }))).toMatchObject({ deviceMajor: 0, deviceMinor: 0 });
  });

  it('may have their bytes summed up as signed ones', async () => {
    const block = header({ name: 'caf\xe9' });
    const unsigned = Number.parseInt(block.toString('latin1', 148, 154), 8);
    block.write((unsigned - 256).toString(8).padStart(6, '0'), 148, 'latin1');
    expect((await onlyEntry(block)).path).toBe('caf\xe9');
  });

  it('have base-256 numbers', async () => {
    const entry = await onlyEntry(
      header({
        magic: 'gnu',
        over: {
          108: '\x80\0\0\0\xee\x6b\x28\0',
          136: '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe',
        },
      }),
    );
    expect(entry).toMatchObject({ uid: 4_000_000_000, mtimeSec: -2, mtimeNsec: 0 });
  });

  it('of a hard link have a size that is not followed by content', async () => {
    const link = header({ typeflag: '1', linkName: './/to/./it/', size: 700 });
    const entries = await readEntries(archive(link, member({ name: 'next' }, 'x')));
    expect(entries).toMatchObject([
      { linkTarget: 'to/it', sizeBytes: 0 },
      { path: 'next', sizeBytes: 1 },
    ]);
  });

  it('that are volume labels are passed over', async () => {
    expect((await onlyEntry(header({ typeflag: 'V', magic: 'gnu' }), header())).path).toBe('file');
  });
});

describe('paths', () => {
  it.for([
    ['./a/b', 'a/b'],
    ['././a', 'a'],
    ['/a', 'a'],
    ['//a//b///c', 'a/b/c'],
    ['a/./b/.', 'a/b'],
    ['.a/..b/c..', '.a/..b/c..'],
    ['...', '...'],
    ['\xff\xfe', '\xff\xfe'],
  ] as const)('%j is %j', async ([name, path]) => {
    expect((await onlyEntry(header({ name }))).path).toBe(path);
    expect((await onlyEntry(header({ name: `${name}/`, typeflag: '5' }))).path).toBe(path);
  });

  it.for(['.', './', '/', '//', '././/.'])('%j is the root directory', async (name) => {
    expect((await onlyEntry(header({ name, typeflag: '5' }))).path).toBe('');
  });

  it('that are targets of symbolic links stay as they are', async () => {
    const entry = await onlyEntry(header({ typeflag: '2', linkName: '../..//./\xff/' }));
    expect(entry.linkTarget).toBe('../..//./\xff/');
  });
});

describe('GNU long names', () => {
  const long = `${'d'.repeat(90)}/${'n'.repeat(90)}`;

  it('replace those of the next header, and only of that', async () => {
    const entries = await readEntries(
      archive(
        gnuLong('K', `/${long}`),
        gnuLong('L', `./${long}`),
        header({ name: 'cut', typeflag: '2', linkName: 'cut', magic: 'gnu' }),
        header({ name: 'plain', typeflag: '2', linkName: 'to', magic: 'gnu' }),
      ),
    );
    expect(entries).toMatchObject([
      { path: long, linkTarget: `/${long}` },
      { path: 'plain', linkTarget: 'to' },
    ]);
  });

  it('may have their NUL in the padding', async () => {
    const bare = member({ typeflag: 'L', magic: 'gnu' }, long);
    expect((await onlyEntry(bare, header({ magic: 'gnu' }))).path).toBe(long);
  });
});

describe('PAX headers', () => {
  it('win over the header', async () => {
    const entry = await onlyEntry(
      pax([
        ['path', './caf\xe9\n=/x'],
        ['linkpath', 'to=\xff'],
        ['uid', '4294967294'],
        ['gid', '3000000'],
        ['mtime', '1700000000.123456789'],
        ['comment', 'nothing'],
        ['VENDOR.key', 'nothing'],
        ['hdrcharset', 'BINARY'],
      ]),
      header({ typeflag: '2', over: { 108: 'garbage ', 116: 'garbage ', 136: 'garbage here' } }),
    );
    expect(entry).toMatchObject({
      path: 'caf\xe9\n=/x',
      linkTarget: 'to=\xff',
      uid: 4_294_967_294,
      gid: 3_000_000,
      mtimeSec: 1_700_000_000,
      mtimeNsec: 123_456_789,
    });
  });

  it('say how long the content is', async () => {
    const [first, second] = await readArchive(
      archive(pax([['size', '600']]), header({ size: 0 }), padded('y'.repeat(600)), header()),
    );
    expect(first && contentOf(first).toString()).toBe('y'.repeat(600));
    expect(second?.entry.path).toBe('file');
  });

  it.for([
    ['0', 0, 0],
    ['-0', 0, 0],
    ['5.', 5, 0],
    ['-1', -1, 0],
    ['-1.5', -2, 500_000_000],
    ['-0.25', -1, 750_000_000],
    ['-0.9999999999', -1, 0],
    ['-0.0000000001', -1, 999_999_999],
    ['1.9999999999', 1, 999_999_999],
    ['1.000000001', 1, 1],
  ] as const)('take the time %j', async ([mtime, mtimeSec, mtimeNsec]) => {
    expect(await onlyEntry(pax([['mtime', mtime]]), header())).toMatchObject({
      mtimeSec,
      mtimeNsec,
    });
  });

  it('give the last of several values, and the header where that is empty', async () => {
    const records = [
      ['path', 'first'],
      ['path', 'second'],
      ['uid', '7'],
      ['uid', ''],
      ['mtime', '1'],
      ['mtime', ''],
    ] as const;
    const entry = await onlyEntry(pax(records), header());
    expect(entry).toMatchObject({ path: 'second', uid: 1000, mtimeSec: handMadeTimeSec });
  });

  it('of Solaris are the same under another letter', async () => {
    expect((await onlyEntry(pax([['path', 'solaris']], 'X'), header())).path).toBe('solaris');
  });

  it('that are global hold for all entries until changed or taken back', async () => {
    const entries = await readEntries(
      archive(
        pax(
          [
            ['comment', 'of git'],
            ['uid', '5'],
            ['mtime', '9.5'],
          ],
          'g',
        ),
        header({ name: 'a' }),
        pax([['uid', '']]),
        header({ name: 'b' }),
        pax([['uid', '6']], 'g'),
        header({ name: 'c' }),
      ),
    );
    const numbers = entries.map(({ uid, gid, mtimeSec, mtimeNsec }) => [
      uid,
      gid,
      mtimeSec,
      mtimeNsec,
    ]);
    expect(numbers).toEqual([
      [5, 1001, 9, 500_000_000],
      [1000, 1001, 9, 500_000_000],
      [6, 1001, 9, 500_000_000],
    ]);
  });

  it('carry device numbers that the header has no room for', async () => {
    const records = [
      ['SCHILY.devmajor', '4000000000'],
      ['SCHILY.devminor', '2097152'],
    ] as const;
    expect(await onlyEntry(pax(records), header({ typeflag: '3' }))).toMatchObject({
      deviceMajor: 4_000_000_000,
      deviceMinor: 2_097_152,
    });
  });

  it('carry attributes as bytes, sorted by name', async () => {
    const { xattrs } = await onlyEntry(
      pax([
        ['SCHILY.xattr.user.z', '\x00\xff\n=\x80'],
        ['SCHILY.xattr.user.empty', ''],
        ['SCHILY.xattr.user.a%3Db%25c', 'x=y'],
        ['LIBARCHIVE.xattr.user.z', 'AP8KPYA'],
        ['LIBARCHIVE.xattr.trusted.%e9', '/+8='],
      ]),
      header(),
    );
    expect(xattrs.map(({ name, value }) => [name, value.toString('latin1')])).toEqual([
      ['trusted.\xe9', '\xff\xef'],
      ['user.a=b%c', 'x=y'],
      ['user.empty', ''],
      ['user.z', '\x00\xff\n=\x80'],
    ]);
  });

  it('carry access control lists, unless the attribute is there itself', async () => {
    const text = 'user::rw-,user:7:rwx,group::r--,mask::rwx,other::r--';
    const acl = ['SCHILY.acl.access', text] as const;
    const fromText = await onlyEntry(pax([acl]), header());
    expect(fromText.xattrs).toMatchObject([{ name: 'system.posix_acl_access' }]);
    const raw = ['SCHILY.xattr.system.posix_acl_access', 'raw'] as const;
    const both = await onlyEntry(pax([acl, raw]), header());
    expect(both.xattrs).toEqual([{ name: 'system.posix_acl_access', value: Buffer.from('raw') }]);
    const onLink = await onlyEntry(pax([acl]), header({ typeflag: '2', linkName: 'to' }));
    expect(onLink.xattrs).toEqual([]);
  });
});

describe('the end', () => {
  const one = header({ name: 'one' });

  it.for([
    ['nothing at all', Buffer.alloc(0), 0],
    ['the source ending behind an entry', one, 1],
    ['the source ending behind the content', member({ name: 'one' }, 'x').subarray(0, 513), 1],
    ['the source ending in the padding', member({ name: 'one' }, 'x').subarray(0, 600), 1],
    ['one zero block and the end of the source', Buffer.concat([one, Buffer.alloc(512)]), 1],
    ['two zero blocks', archive(one), 1],
    ['more zeros', Buffer.concat([archive(one), Buffer.alloc(9000)]), 1],
    ['anything behind two zero blocks', Buffer.concat([archive(one), one, Buffer.from('junk')]), 1],
  ] as const)('is %s', async ([, bytes, count]) => {
    expect(await readEntries(bytes)).toHaveLength(count);
  });

  it('has the source read to its last byte', async () => {
    let isRead = false;
    const source = (async function* () {
      yield archive(one);
      yield Buffer.alloc(10_000);
      isRead = true;
    })();
    await readArchive(source);
    expect(isRead).toBe(true);
  });
});

it('reads a source of plain Uint8Arrays', async () => {
  const bytes = header({ name: 'plain' });
  const source = (async function* () {
    yield new Uint8Array(bytes);
  })();
  expect((await readArchive(source))[0]?.entry.path).toBe('plain');
});
