import { describe, expect, it } from 'vitest';
import {
  type Attack,
  failureOf,
  gnuSparse,
  refusals,
  refusalsOf,
  sparse1,
} from './support/attack.ts';
import { archive, gnuLong, header, member, pax } from './support/hand-made.ts';

const hostile: readonly Attack[] = [
  {
    name: 'a name that climbs out',
    bytes: header({ name: '../etc/passwd' }),
    says: '".." component',
  },
  {
    name: 'a name that is ..',
    bytes: header({ name: '..', typeflag: '5' }),
    says: '".." component',
  },
  { name: 'a name that climbs inside', bytes: header({ name: 'a/../b' }), says: '".." component' },
  {
    name: 'an absolute name that climbs',
    bytes: header({ name: '/a/..' }),
    says: '".." component',
  },
  {
    name: 'a climbing name in a PAX header',
    bytes: Buffer.concat([pax([['path', 'a/../../b']]), header()]),
    says: '".." component',
  },
  {
    name: 'a climbing name in a GNU header',
    bytes: Buffer.concat([gnuLong('L', './..//b'), header()]),
    says: '".." component',
  },
  {
    name: 'a climbing name of a sparse file',
    bytes: sparse1([['GNU.sparse.name', '../b']], '0\n'),
    says: '".." component',
  },
  {
    name: 'a hard link to a climbing path',
    bytes: header({ typeflag: '1', linkName: 'a/../../etc/shadow' }),
    says: 'target of the hard link has a ".." component',
  },
  {
    name: 'a NUL that hides the end of a PAX name',
    bytes: Buffer.concat([pax([['path', 'shown\0hidden']]), header()]),
    says: 'name has a NUL',
  },
  {
    name: 'a NUL inside a GNU name',
    bytes: Buffer.concat([gnuLong('L', 'shown\0hidden'), header()]),
    says: 'name has a NUL',
  },
  {
    name: 'a NUL inside the target of a symbolic link',
    bytes: Buffer.concat([pax([['linkpath', 'a\0b']]), header({ typeflag: '2' })]),
    says: 'NUL',
  },
  {
    name: 'a NUL inside the target of a hard link',
    bytes: Buffer.concat([pax([['linkpath', 'a\0b']]), header({ typeflag: '1' })]),
    says: 'NUL',
  },
  {
    name: 'a NUL inside the name of an attribute',
    bytes: Buffer.concat([pax([['SCHILY.xattr.user.a\0b', 'x']]), header()]),
    says: 'extended attribute has a NUL',
  },
  {
    name: 'a name longer than any file system takes',
    bytes: Buffer.concat([gnuLong('L', `a/${'n'.repeat(256)}`), header()]),
    says: 'limit of 255 bytes',
  },
  {
    name: 'a path longer than the kernel takes',
    bytes: Buffer.concat([pax([['path', 'p/'.repeat(2049)]]), header()]),
    says: 'limit of 4096 bytes',
  },
  {
    name: 'a link target longer than the kernel takes',
    bytes: Buffer.concat([pax([['linkpath', 'p/'.repeat(2049)]]), header({ typeflag: '2' })]),
    says: 'limit of 4096 bytes',
  },
  {
    name: 'a GNU name of a gigabyte',
    bytes: header({ typeflag: 'L', size: 1024 ** 3 }),
    says: 'a name of 1073741824 bytes',
  },
  {
    name: 'a PAX header of a gigabyte',
    bytes: header({ typeflag: 'x', size: 1024 ** 3 }),
    says: 'an extended header of 1073741824 bytes',
  },
  {
    name: 'a global PAX header of a gigabyte',
    bytes: header({ typeflag: 'g', size: 1024 ** 3 }),
    says: 'an extended header of 1073741824 bytes',
  },
  {
    name: 'more attributes than an inode holds',
    bytes: Buffer.concat([pax([['SCHILY.xattr.user.a', 'v'.repeat(70_000)]]), header()]),
    says: 'extended attributes have 70006 bytes',
  },
  {
    name: 'too many entries',
    bytes: Buffer.concat([header(), header(), header()]),
    says: 'more entries than the limit of 2',
    limits: { maxEntries: 2 },
  },
  {
    name: 'too many global headers',
    bytes: Buffer.concat(Array.from({ length: 3 }, () => pax([['comment', 'x']], 'g'))),
    says: 'more entries than the limit of 2',
    limits: { maxEntries: 2 },
  },
  {
    name: 'a file beyond the limit',
    bytes: header({ size: 1001 }),
    says: 'content has 1001 bytes',
    limits: { maxEntryBytes: 1000 },
  },
  {
    name: 'a sparse file that costs nothing to send',
    bytes: sparse1([['GNU.sparse.realsize', '1125899906842624']], '0\n'),
    says: 'content has 1125899906842624 bytes',
  },
  {
    name: 'many sparse files that cost nothing to send',
    bytes: Buffer.concat(
      Array.from({ length: 3 }, () => sparse1([['GNU.sparse.realsize', '1000000']], '0\n')),
    ),
    says: 'content of all entries together',
    limits: { maxTotalBytes: 2_500_000 },
  },
  {
    name: 'an archive that never ends',
    bytes: Buffer.concat([archive(header()), Buffer.alloc(100_000)]),
    says: 'longer than the limit of 50000 bytes',
    limits: { maxTotalBytes: 50_000 },
  },
  {
    name: 'a sparse map before the data that claims too many runs',
    bytes: sparse1([], '262145\n'),
    says: 'more runs than the limit of 262144',
  },
  {
    name: 'too many runs in a PAX record',
    bytes: Buffer.concat([pax([['GNU.sparse.map', '0,1,2,1,4,1']]), header()]),
    says: 'more runs than the limit of 2',
    limits: { maxSparseSegments: 2 },
  },
  {
    name: 'too many runs in an old GNU map',
    bytes: gnuSparse([0, 512, 512, 512, 1024, 512], 1536),
    says: 'more runs than the limit of 2',
    limits: { maxSparseSegments: 2 },
  },
];

describe('what would do harm is layer_hostile', () => {
  it.for(hostile)('$name', async (attack) => {
    expect(await refusalsOf(attack)).toEqual(refusals('layer_hostile', attack));
  });
});

describe('a failure', () => {
  it('names the entry for people, and where its header is', async () => {
    const climbing = header({ name: '../x' });
    const before = member({ name: 'before' }, 'content');
    expect(await failureOf(Buffer.concat([before, climbing]))).toMatchObject({
      message: expect.stringContaining('test.tar: header at byte 1024: '),
      data: { offsetBytes: 1024 },
    });
    const target = header({ name: 'a\n\xff', typeflag: '1', linkName: '..' });
    expect(await failureOf(target)).toMatchObject({
      message: expect.stringContaining('test.tar: entry a\\x0a\\xff at byte 0: '),
      data: { offsetBytes: 0, path: 'a\\x0a\\xff' },
    });
  });

  it('comes before memory is taken for what is only claimed', async () => {
    const claims = header({ size: 8 * 1024 ** 3 });
    const before = process.memoryUsage().arrayBuffers;
    await failureOf(Buffer.concat([claims, Buffer.alloc(512)]));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 ** 2);
  });
});
