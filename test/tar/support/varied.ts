import { archive, gnuLong, header, member, octal12, padded, pax } from './hand-made.ts';

const sparse = member(
  {
    name: 'sparse',
    typeflag: 'S',
    magic: 'gnu',
    over: { 386: [600, 100, 1000, 200].map(octal12).join(''), 483: octal12(1300) },
  },
  'e'.repeat(300),
);
const sparse1 = Buffer.concat([
  pax([
    ['GNU.sparse.major', '1'],
    ['GNU.sparse.minor', '0'],
    ['GNU.sparse.realsize', '5000'],
  ]),
  member(
    { name: 'sparse1' },
    Buffer.concat([padded('2\n0\n10\n4000\n500\n'), Buffer.alloc(510, 'f')]),
  ),
]);
/** An archive with something of every phase of the reader; 8 entries. */
export const varied = archive(
  pax([['comment', 'global']], 'g'),
  header({ name: 'dir/', typeflag: '5' }),
  member({ name: 'empty' }),
  member({ name: 'small' }, 'small content'),
  gnuLong('L', `long/${'n'.repeat(200)}`),
  member({ magic: 'gnu' }, 'c'.repeat(512)),
  pax([
    ['path', `pax/${'p'.repeat(150)}`],
    ['SCHILY.xattr.user.a', 'x'.repeat(600)],
  ]),
  member({}, 'd'.repeat(1500)),
  sparse,
  sparse1,
  header({ name: 'link', typeflag: '2', linkName: 'small' }),
);
