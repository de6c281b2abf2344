import { describe, expect, it } from 'vitest';
import { archive, header, member, octal12, padded, pax } from './support/hand-made.ts';
import { readArchive } from './support/read-archive.ts';

describe('sparse files', () => {
  const data = Buffer.from(`${'a'.repeat(512)}${'b'.repeat(100)}`);
  const runs = [
    { offset: 1024, bytes: data.subarray(0, 512) },
    { offset: 4096, bytes: data.subarray(512) },
  ];
  const sizeBytes = 9000;
  const realName = ['GNU.sparse.name', './real'] as const;
  const variants: Readonly<Record<string, readonly Buffer[]>> = {
    'of old GNU tar': [
      member(
        {
          name: 'real',
          typeflag: 'S',
          magic: 'gnu',
          over: {
            386: [1024, 512, 4096, 100, 9000, 0].map(octal12).join(''),
            483: octal12(sizeBytes),
          },
        },
        data,
      ),
    ],
    'in PAX 0.0': [
      pax([
        ['GNU.sparse.size', `${sizeBytes}`],
        ['GNU.sparse.numblocks', '2'],
        ['GNU.sparse.offset', '1024'],
        ['GNU.sparse.numbytes', '512'],
        ['GNU.sparse.offset', '4096'],
        ['GNU.sparse.numbytes', '100'],
      ]),
      member({ name: 'real' }, data),
    ],
    'in PAX 0.1': [
      pax([
        ['GNU.sparse.size', `${sizeBytes}`],
        ['GNU.sparse.numblocks', '2'],
        realName,
        ['GNU.sparse.map', '1024,512,4096,100'],
      ]),
      member({ name: 'GNUSparseFile.1/real' }, data),
    ],
    'in PAX 1.0': [
      pax([
        ['GNU.sparse.major', '1'],
        ['GNU.sparse.minor', '0'],
        realName,
        ['path', 'GNUSparseFile.1/real'],
        ['GNU.sparse.realsize', `${sizeBytes}`],
      ]),
      member({ name: 'x' }, Buffer.concat([padded('2\n1024\n512\n4096\n100\n'), data])),
    ],
  };

  it.for(Object.keys(variants))('%s', async (name) => {
    const members = await readArchive(archive(...(variants[name] ?? []), header({ name: 'next' })));
    expect(members.map(({ entry }) => [entry.path, entry.sizeBytes])).toEqual([
      ['real', sizeBytes],
      ['next', 0],
    ]);
    expect(members[0]?.runs).toEqual(runs);
  });

  it('with extension blocks', async () => {
    const count = 4 + 21 + 5;
    const pairs = Array.from({ length: count }, (_, run) =>
      [run * 1024, 512].map(octal12).join(''),
    );
    const first = header({
      typeflag: 'S',
      magic: 'gnu',
      size: count * 512,
      over: { 386: pairs.slice(0, 4).join(''), 482: '\x01', 483: octal12(count * 1024) },
    });
    const second = Buffer.alloc(512);
    second.write(`${pairs.slice(4, 25).join('')}\x01`, 'latin1');
    const third = padded(pairs.slice(25).join(''));
    const content = Buffer.alloc(count * 512, 'data');
    const [sparse] = await readArchive(archive(first, second, third, content));
    expect(sparse?.runs.map(({ offset }) => offset)).toEqual(pairs.map((_, run) => run * 1024));
  });

  it('without any data', async () => {
    const records = [
      ['GNU.sparse.major', '1'],
      ['GNU.sparse.minor', '0'],
      ['GNU.sparse.realsize', '1000000'],
    ] as const;
    const [hole] = await readArchive(archive(pax(records), member({}, padded('0\n'))));
    expect(hole).toMatchObject({ entry: { sizeBytes: 1_000_000 }, runs: [] });
  });

  it('are files even when their name ends in a slash', async () => {
    const fields = { name: 'file/', typeflag: 'S', magic: 'gnu' } as const;
    const [file] = await readArchive(archive(header(fields)));
    expect(file?.entry).toMatchObject({ path: 'file', type: 'file' });
  });
});
