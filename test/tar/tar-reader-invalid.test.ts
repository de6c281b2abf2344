import { describe, expect, it } from 'vitest';
import {
  type Attack,
  gnuSparse,
  rawPax,
  refusals,
  refusalsOf,
  sparse1,
  withPax,
} from './support/attack.ts';
import { archive, gnuLong, header, member, padded, pax } from './support/hand-made.ts';

const invalid: readonly Attack[] = [
  { name: 'no tar at all', bytes: Buffer.alloc(512, '\x1f\x8b'), says: 'checksum is not a number' },
  { name: 'a checksum that is wrong', bytes: withWrongChecksum(), says: 'not a tar header' },
  { name: 'no name', bytes: header({ name: '' }), says: 'name is empty' },
  {
    name: 'a file as the root',
    bytes: header({ name: './', typeflag: '1', linkName: 'a' }),
    says: 'root directory',
  },
  {
    name: 'no target of a symbolic link',
    bytes: header({ typeflag: '2' }),
    says: 'target of the symbolic link is empty',
  },
  {
    name: 'no target of a hard link',
    bytes: header({ typeflag: '1' }),
    says: 'target of the hard link is empty',
  },
  {
    name: 'a hard link to the root',
    bytes: header({ typeflag: '1', linkName: '/' }),
    says: 'is the root',
  },
  {
    name: 'an unknown type',
    bytes: header({ typeflag: 'Z' }),
    says: 'unknown type (typeflag "Z")',
  },
  {
    name: 'a type of Solaris',
    bytes: header({ typeflag: 'A' }),
    says: 'Solaris access control list',
  },
  {
    name: 'a continued file',
    bytes: header({ typeflag: 'M', magic: 'gnu' }),
    says: 'multi-volume',
  },
  {
    name: 'a directory with content',
    bytes: member({ typeflag: '5' }, 'x'),
    says: 'claims 1 bytes',
  },
  {
    name: 'a link with content',
    bytes: member({ typeflag: '2', linkName: 'a' }, 'x'),
    says: 'claims 1 bytes',
  },
  {
    name: 'a device with content',
    bytes: withPax([['size', '512']], { typeflag: '3' }),
    says: 'claims 512 bytes',
  },
  {
    name: 'a volume label with content',
    bytes: member({ typeflag: 'V' }, 'x'),
    says: 'claims 1 bytes',
  },
  {
    name: 'garbage in the size',
    bytes: header({ over: { 124: '0000000001x' } }),
    says: 'the size is not a number',
  },
  {
    name: 'garbage in the mode',
    bytes: header({ mode: '0o644' }),
    says: 'the mode is not a number',
  },
  {
    name: 'a negative size',
    bytes: header({ over: { 124: '\xff'.repeat(12) } }),
    says: 'size is negative: -1',
  },
  {
    name: 'a size beyond 2^53',
    bytes: header({ over: { 124: `\x80${'\x7f'.repeat(11)}` } }),
    says: 'size is beyond 2^53-1',
  },
  {
    name: 'a negative owner',
    bytes: header({ over: { 108: '\xff'.repeat(8) } }),
    says: 'owner number is negative',
  },
  {
    name: 'an owner beyond 32 bits',
    bytes: header({ over: { 108: '\x80\0\0\0\xff\xff\xff\xff' } }),
    says: 'owner number is too large',
  },
  {
    name: 'a device number beyond 32 bits',
    bytes: header({ typeflag: '4', over: { 329: '\x80\0\0\x01\0\0\0\0' } }),
    says: 'device major number is too large',
  },
  {
    name: 'a PAX size that is negative',
    bytes: withPax([['size', '-1']]),
    says: 'size is negative',
  },
  {
    name: 'a PAX size beyond 2^53',
    bytes: withPax([['size', '9007199254740993']]),
    says: 'size is too large',
  },
  { name: 'a PAX size in hex', bytes: withPax([['size', '0x10']]), says: 'size is not a number' },
  {
    name: 'a PAX owner that is no number',
    bytes: withPax([['uid', ' 1']]),
    says: 'uid is not a number',
  },
  {
    name: 'a PAX time that is none',
    bytes: withPax([['mtime', '1e9']]),
    says: 'mtime is not a time',
  },
  {
    name: 'a PAX time beyond 2^53',
    bytes: withPax([['mtime', '-9007199254740993']]),
    says: 'mtime is beyond',
  },
  { name: 'an unknown charset', bytes: withPax([['hdrcharset', 'EBCDIC']]), says: 'charset' },
  {
    name: 'a PAX record longer than its header',
    bytes: rawPax('99 path=a\n'),
    says: 'claims 99 bytes where 10 are left',
  },
  {
    name: 'a PAX record shorter than itself',
    bytes: rawPax('5 path=a\n'),
    says: 'not KEYWORD=VALUE',
  },
  { name: 'a PAX record of length 0', bytes: rawPax('0 path=a\n'), says: 'not KEYWORD=VALUE' },
  {
    name: 'a PAX record without length',
    bytes: rawPax('path=a\n'),
    says: 'does not start with its length',
  },
  {
    name: 'a PAX record of endless length',
    bytes: rawPax(`${'9'.repeat(400)} path=a\n`),
    says: 'does not start with its length',
  },
  { name: 'a PAX record without =', bytes: rawPax('7 path\n'), says: 'not KEYWORD=VALUE' },
  { name: 'a PAX record without keyword', bytes: rawPax('5 =a\n'), says: 'not KEYWORD=VALUE' },
  { name: 'a PAX record without newline', bytes: rawPax('10 path=abc'), says: 'not KEYWORD=VALUE' },
  {
    name: 'padding between PAX records',
    bytes: rawPax('10 path=a\n\0\0'),
    says: 'does not start with its length',
  },
  {
    name: 'an attribute without a name',
    bytes: withPax([['SCHILY.xattr.', 'x']]),
    says: 'name of 0 bytes',
  },
  {
    name: 'an attribute with a long name',
    bytes: withPax([[`SCHILY.xattr.${'n'.repeat(256)}`, 'x']]),
    says: 'name of 256 bytes',
  },
  {
    name: 'an attribute that is not base64',
    bytes: withPax([['LIBARCHIVE.xattr.user.a', '***']]),
    says: 'not base64',
  },
  {
    name: 'an attribute with two values',
    bytes: withPax([
      ['SCHILY.xattr.user.a', 'x'],
      ['LIBARCHIVE.xattr.user.a', 'eQ'],
    ]),
    says: 'two values',
  },
  {
    name: 'an access control list that is none',
    bytes: withPax([['SCHILY.acl.access', 'x']]),
    says: 'access control list',
  },
  {
    name: 'a sparse file of star',
    bytes: withPax([['SCHILY.realsize', '5']]),
    says: 'SCHILY.realsize is not supported',
  },
  {
    name: 'a sparse file of star by its type',
    bytes: header({ typeflag: 'S' }),
    says: 'only star knows',
  },
  { name: 'a volume of PAX', bytes: withPax([['GNU.volume.offset', '5']]), says: 'not supported' },
  {
    name: 'a global name',
    bytes: pax([['path', 'all']], 'g'),
    says: 'global extended header must not set path',
  },
  { name: 'a global size', bytes: pax([['size', '1']], 'g'), says: 'must not set size' },
  {
    name: 'a global attribute',
    bytes: pax([['SCHILY.xattr.user.a', '1']], 'g'),
    says: 'must not set',
  },
  {
    name: 'two PAX headers',
    bytes: Buffer.concat([pax([]), pax([]), header()]),
    says: 'second pax header',
  },
  {
    name: 'two GNU names',
    bytes: Buffer.concat([gnuLong('L', 'a'), gnuLong('L', 'b'), header()]),
    says: 'second long-name',
  },
  {
    name: 'two GNU link targets',
    bytes: Buffer.concat([gnuLong('K', 'a'), gnuLong('K', 'b')]),
    says: 'second long-link',
  },
  {
    name: 'a GNU name that runs on into the padding',
    bytes: Buffer.concat([header({ typeflag: 'L', size: 3 }), padded('abcdef'), header()]),
    says: 'a long name has no NUL',
  },
  {
    name: 'a PAX and a GNU name',
    bytes: Buffer.concat([gnuLong('L', 'a'), withPax([['path', 'b']])]),
    says: 'two names',
  },
  {
    name: 'a global header in between',
    bytes: Buffer.concat([pax([]), pax([], 'g'), header()]),
    says: 'stands between',
  },
  {
    name: 'an extended header without entry',
    bytes: archive(pax([])),
    says: 'ends between an extended header',
  },
  {
    name: 'a zero block before more',
    bytes: Buffer.concat([Buffer.alloc(512), header()]),
    says: 'single zero block',
  },

  {
    name: 'an unordered sparse map',
    bytes: gnuSparse([512, 512, 0, 512], 1024),
    says: 'goes back to 0 after 1024',
  },
  {
    name: 'an overlapping sparse map',
    bytes: gnuSparse([0, 512, 511, 513], 1025),
    says: 'goes back to 511 after 512',
  },
  {
    name: 'a sparse map beyond the size',
    bytes: gnuSparse([0, 512, 600, 512], 1024),
    says: 'beyond the file',
  },
  {
    name: 'a sparse map of another length',
    bytes: gnuSparse([0, 512, 512, 100], 2048),
    says: '612 bytes of data, the archive 1024',
  },
  {
    name: 'a sparse map that overflows',
    bytes: sparse1([], `1\n9007199254740991\n9007199254740991\n`),
    says: 'beyond the file',
  },
  {
    name: 'a sparse map with long numbers',
    bytes: sparse1([], `1\n${'9'.repeat(30)}\n`),
    says: 'not a list of numbers',
  },
  { name: 'a sparse map with letters', bytes: sparse1([], 'x\n'), says: 'not a list of numbers' },
  {
    name: 'a sparse map with empty lines',
    bytes: sparse1([], '1\n\n\n'),
    says: 'not a list of numbers',
  },
  {
    name: 'a sparse map longer than the content',
    bytes: sparse1([], `300\n${'0\n'.repeat(254)}`),
    says: 'middle of the sparse map',
  },
  {
    name: 'a sparse directory',
    bytes: withPax([['GNU.sparse.size', '5']], { typeflag: '5' }),
    says: 'takes none',
  },
  {
    name: 'a sparse file without size',
    bytes: withPax([['GNU.sparse.map', '0,0']]),
    says: 'incomplete',
  },
  {
    name: 'a sparse file of version 2',
    bytes: withPax([
      ['GNU.sparse.major', '2'],
      ['GNU.sparse.size', '0'],
    ]),
    says: 'unknown version',
  },
  {
    name: 'a sparse map of the wrong count',
    bytes: withPax([
      ['GNU.sparse.size', '5'],
      ['GNU.sparse.numblocks', '2'],
      ['GNU.sparse.map', '0,0'],
    ]),
    says: 'incomplete',
  },
  {
    name: 'a sparse map that ends in mid-pair',
    bytes: withPax([['GNU.sparse.map', '0,0,1']]),
    says: 'mid-pair',
  },
  {
    name: 'a sparse map with blanks',
    bytes: withPax([['GNU.sparse.map', '0, 0']]),
    says: 'not a number',
  },
  {
    name: 'two sparse maps',
    bytes: withPax([
      ['GNU.sparse.map', '0,0'],
      ['GNU.sparse.offset', '0'],
    ]),
    says: 'out of order',
  },
  {
    name: 'sizes without offsets',
    bytes: withPax([['GNU.sparse.numbytes', '0']]),
    says: 'out of order',
  },
  {
    name: 'offsets without sizes',
    bytes: withPax([
      ['GNU.sparse.offset', '0'],
      ['GNU.sparse.size', '5'],
    ]),
    says: 'incomplete',
  },

  {
    name: 'the end inside a header',
    bytes: header().subarray(0, 300),
    says: 'in the middle of a header after 300 bytes',
  },
  {
    name: 'the end inside the content',
    bytes: member({}, 'x'.repeat(600)).subarray(0, 1000),
    says: 'in the middle of the content after 1000 bytes',
  },
  {
    name: 'the end inside an extended header',
    bytes: pax([['path', 'x']]).subarray(0, 520),
    says: 'in the middle of an extended header after 520 bytes',
  },
  {
    name: 'the end inside a sparse map',
    bytes: gnuSparse([0, 512], 512, '\x01').subarray(0, 700),
    says: 'in the middle of a sparse map after 700 bytes',
  },
  {
    name: 'the end inside the zero blocks',
    bytes: Buffer.alloc(700),
    says: 'zero blocks at its end after 700 bytes',
  },
];

describe('what is broken or means different things to different readers is layer_invalid', () => {
  it.for(invalid)('$name', async (attack) => {
    expect(await refusalsOf(attack)).toEqual(refusals('layer_invalid', attack));
  });
});

function withWrongChecksum(): Buffer {
  const block = header();
  block[0] = (block[0] ?? 0) ^ 1;
  return block;
}
