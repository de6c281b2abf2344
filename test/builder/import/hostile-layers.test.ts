import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TarRecord } from '../../tar/support/tar-writer.ts';
import { scratchDir } from '../../support/scratch.ts';
import { archive, header, member, paxRecord } from '../../tar/support/hand-made.ts';
import { sketchImage } from './support/imported-tree.ts';
import { importSource, layoutOf, layoutOfTars, startRun } from './support/import-layers.ts';
import {
  device,
  directory,
  file,
  hardLink,
  symlink,
  tarOf,
  whiteout,
} from './support/layer-records.ts';
import { refusal, type Refusal, outcomeOf } from './support/refused.ts';

interface Attack extends Refusal {
  readonly name: string;
  /** The last layer is the hostile one. */
  readonly layers: readonly (readonly TarRecord[])[];
}

const hostile = 'layer_hostile' as const;
const invalid = 'layer_invalid' as const;

/** 40 links, each of which leads through the next and then on for a thousand steps. */
const slowChain = Array.from({ length: 40 }, (_, number) =>
  symlink(`s${number}`, `s${number + 1}/${'./'.repeat(1000)}`),
);

const attacks: readonly Attack[] = [
  {
    name: 'a whiteout with a name that says "this directory"',
    layers: [[directory('d')], [file('d/.wh..', '')]],
    code: invalid,
    says: /layer 2 of .*: \/d\/\.wh\.\. is a whiteout that names no file/,
  },
  {
    name: 'a whiteout with a name that says "the directory above"',
    layers: [[directory('d')], [file('d/.wh...', '')]],
    code: invalid,
    says: /layer 2 of .*: \/d\/\.wh\.\.\. is a whiteout that names no file/,
  },
  {
    name: 'a whiteout without a name',
    layers: [[directory('d')], [file('d/.wh.', '')]],
    code: invalid,
    says: /layer 2 of .*: \/d\/\.wh\. is a whiteout that names no file/,
  },
  {
    name: 'a path through a file',
    layers: [[file('f')], [file('f/below')]],
    code: invalid,
    says: /layer 2 of .*: \/f\/below lies below \/f, which is no directory/,
  },
  {
    name: 'a path through a link to a file',
    layers: [[file('f'), symlink('l', 'f')], [file('l/below')]],
    code: invalid,
    says: /layer 2 of .*: \/l\/below lies below \/f, which is no directory/,
  },
  {
    name: 'links that lead to each other',
    layers: [[symlink('a', 'b'), symlink('b', 'a')], [file('a/f')]],
    code: hostile,
    says: /layer 2 of .*: \/a\/f leads through over 40 links/,
  },
  {
    name: 'a link to itself',
    layers: [[symlink('a', 'a/a'), file('a/f')]],
    code: hostile,
    says: /layer 1 of .*: \/a\/f leads through over 40 links/,
  },
  {
    name: 'a whiteout behind links that lead to each other',
    layers: [[symlink('a', 'b'), symlink('b', 'a')], [whiteout('a/f')]],
    code: hostile,
    says: /layer 2 of .*: \/a\/\.wh\.f leads through over 40 links/,
  },
  {
    name: 'a hard link behind links that lead to each other',
    layers: [[symlink('a', 'b'), symlink('b', 'a')], [hardLink('h', 'a/f')]],
    code: hostile,
    says: /layer 2 of .*: \/h leads through over 40 links/,
  },
  {
    name: 'a way that is long to follow',
    layers: [slowChain, [file('s0/f')]],
    code: hostile,
    says: /layer 2 of .*: \/s0\/f leads through over 4096 directories and links/,
  },
  {
    name: 'directories that get deeper by each link',
    layers: [
      [
        file(`${'d/'.repeat(1500)}f`, ''),
        symlink('deep', 'd/'.repeat(1500)),
        file(`deep/${'e/'.repeat(600)}f`, ''),
      ],
    ],
    code: hostile,
    says: /layer 1 of .*: \/deep\/e\/.* leads deeper than 4095 bytes of path/,
  },
  {
    name: 'a name that ends too deep',
    layers: [
      [
        file(`${'d/'.repeat(1950)}f`, ''),
        symlink('deep', 'd/'.repeat(1950)),
        file(`deep/${'n'.repeat(250)}`),
      ],
    ],
    code: hostile,
    says: /layer 1 of .*: \/deep\/n+ leads deeper than 4095 bytes of path/,
  },
  {
    name: 'a hard link to a file outside, through a link',
    layers: [[symlink('out', '../../../../../../../..'), hardLink('h', 'out/etc/passwd')]],
    code: invalid,
    says: /layer 1 of .*: \/h is a hard link to \/out\/etc\/passwd, which is not there/,
  },
  {
    name: 'a hard link to a directory',
    layers: [[directory('d')], [hardLink('h', 'd')]],
    code: invalid,
    says: /layer 2 of .*: \/h is a hard link to \/d, which is a directory/,
  },
  {
    name: 'a hard link to itself',
    layers: [[file('f')], [hardLink('f', 'f')]],
    code: invalid,
    says: /layer 2 of .*: \/f is a hard link to \/f, which is itself/,
  },
  {
    name: 'a hard link to what the same layer has hidden',
    layers: [[file('f')], [whiteout('f'), hardLink('h', 'f')]],
    code: invalid,
    says: /layer 2 of .*: \/h is a hard link to \/f, which is not there/,
  },
  {
    name: 'an attribute in a namespace that Linux does not have',
    layers: [[file('d/f', 'x', { xattrs: [{ name: 'bogus.name', value: Buffer.from('1') }] })]],
    code: invalid,
    says: /\/d\/f has an extended attribute that Linux does not allow: bogus\.name/,
  },
  {
    name: 'attributes that no disk can hold',
    layers: [
      [file('d/f', 'x', { xattrs: [{ name: 'user.big', value: Buffer.alloc(60_000, 1) }] })],
    ],
    code: 'source_too_large',
    says: /extended attributes of \/d\/f take \d+ bytes/,
  },
];

const handMade: readonly (Refusal & { readonly name: string; readonly tar: Buffer })[] = [
  ...['../f', 'd/../../f', '/../f', 'd/..'].map((name) => ({
    name: `the path ${name}`,
    tar: archive(member({ name }, 'x')),
    code: hostile,
    says: /layer 1 of .*: header at byte 0: the name has a "\.\." component/,
  })),
  {
    name: 'a hard link that climbs out',
    tar: archive(header({ name: 'h', typeflag: '1', linkName: '../../etc/passwd' })),
    code: hostile,
    says: /layer 1 of .*: entry h at byte 0: the target of the hard link has a "\.\." component/,
  },
  {
    name: 'an extended header without end',
    tar: archive(member({ typeflag: 'x' }, paxRecord('comment', 'c'.repeat(2_000_000)))),
    code: hostile,
    says: /layer 1 of .*: header at byte 0: an extended header of 2000\d\d\d bytes is longer than/,
  },
  {
    name: 'a million directories in one path',
    tar: archive(
      member({ typeflag: 'x' }, paxRecord('path', 'd/'.repeat(500_000))),
      member({}, 'x'),
    ),
    code: hostile,
    says: /layer 1 of .*: .* longer than the limit of 4096 bytes/,
  },
  {
    name: 'a page of HTML',
    tar: Buffer.from(`<!doctype html><title>404</title>${'<p>no such layer</p>'.repeat(40)}`),
    code: invalid,
    says: /layer 1 of .*: header at byte 0: /,
  },
];

describe('a hostile layer', () => {
  const scratch = scratchDir('hostile-layers');

  it.each(attacks.map((each, index) => [each.name, each, index] as const))(
    'is refused: %s',
    async (_, attack, index) => {
      using run = startRun(scratch);
      const source = await layoutOf(join(scratch, `attack-${index}`), attack.layers);
      expect(await outcomeOf(run, source)).toEqual(refusal(attack));
    },
  );

  it.each(handMade.map((each, index) => [each.name, each, index] as const))(
    'is refused: %s',
    async (_, attack, index) => {
      using run = startRun(scratch);
      const source = layoutOfTars(join(scratch, `by-hand-${index}`), [
        { tar: attack.tar, compression: 'none' },
      ]);
      expect(await outcomeOf(run, source)).toEqual(refusal(attack));
    },
  );

  it('never leads out of the image, and what it writes through links lands in it', async () => {
    const outside = join(scratch, 'outside');
    mkdirSync(outside);
    using run = startRun(scratch);
    const source = await layoutOf(join(scratch, 'links-out'), [
      [
        symlink('abs', outside),
        symlink('root', '/'),
        symlink('up', '../../..'),
        symlink('up/loop', '..'),
      ],
      [
        file('abs/a'),
        file(`root${outside}/b`),
        file('up/up/up/c'),
        file('loop/loop/d'),
        file('root/root/e'),
      ],
    ]);
    const { digest } = await importSource(run, source);
    const sketches = await sketchImage(run.imageStore, digest);
    const inside = outside.slice(1);
    expect(['c', 'd', 'e', `${inside}/a`, `${inside}/b`].map((path) => sketches.get(path))).toEqual(
      [
        '"up/up/up/c"',
        '"loop/loop/d"',
        '"root/root/e"',
        '"abs/a"',
        JSON.stringify(`root${outside}/b`),
      ],
    );
    expect(readdirSync(outside)).toEqual([]);
  });

  it('absolute paths are paths below the root', async () => {
    using run = startRun(scratch);
    const tar = archive(
      member({ name: '/etc/f' }, 'absolute'),
      header({ name: '//h', typeflag: '1', linkName: '/etc/f' }),
    );
    const source = layoutOfTars(join(scratch, 'absolute'), [{ tar, compression: 'none' }]);
    const { digest } = await importSource(run, source);
    const sketches = await sketchImage(run.imageStore, digest);
    expect(Object.fromEntries(sketches)).toEqual({
      '': 'dir 755',
      etc: 'dir 755',
      'etc/f': '"absolute"',
      h: '= etc/f',
    });
  });

  it.each([
    ['device nodes', { maxDevices: 3 }, /layer 2 of .* has over 3 device nodes, the last \/dev\/1/],
    ['entries', { maxEntries: 6 }, /layer 2 of .* has over 6 entries, the last \/dev\/1/],
    ['bytes', { maxContentBytes: 10 }, /layer 2 of .* unpacks to over 10 bytes, the last \/f\/1/],
  ])('is refused when all layers together have too many %s', async (name, limits, says) => {
    using run = startRun(scratch);
    const layer = [0, 1].flatMap((number) => [device(`dev/${number}`, 1, 3), file(`f/${number}`)]);
    const source = await layoutOf(join(scratch, `too-many-${name}`), [layer, layer]);
    await importSource(run, source, {
      limits: { maxDevices: 4, maxEntries: 8, maxContentBytes: 12 },
    });
    using fresh = startRun(join(scratch, name));
    expect(await outcomeOf(fresh, source, { limits })).toEqual(refusal({ code: hostile, says }));
  });

  it('a flood of devices is refused without a limit being named', async () => {
    using run = startRun(scratch);
    const nodes = Array.from({ length: 10_001 }, (_, number) => device(`dev/${number}`, 1, number));
    const source = layoutOfTars(join(scratch, 'devices'), [
      { tar: await tarOf(nodes), compression: 'gzip' },
    ]);
    const says = /layer 1 of .* has over 10000 device nodes, the last \/dev\/10000/;
    expect(await outcomeOf(run, source)).toEqual(refusal({ code: hostile, says }));
  });
});
