import type { TarRecord } from '../../../tar/support/tar-writer.ts';
import {
  device,
  directory,
  file,
  hardLink,
  opaque,
  pipe,
  symlink,
  whiteout,
} from './layer-records.ts';

/** A judge either gives another tree, for the reason told, or refuses the layer, in these words. */
export type Difference = { readonly tree: string } | { readonly refuses: RegExp };

export interface LayerCase {
  readonly name: string;
  /** The lowest first. */
  readonly layers: readonly (readonly TarRecord[])[];
  /** By path: what `sketchImage` says of it. */
  readonly tree: Readonly<Record<string, string>>;
  readonly umoci?: Difference;
  readonly buildah?: Difference;
}

const inOrder = 'it takes whiteouts in the order of the archive, the specification does not';
const keepsMode = 'a directory that comes back without an entry keeps the mode from below';
const makesParents = 'it makes the directory in which something is to be hidden';

const usrMerged: readonly TarRecord[] = [
  directory('usr'),
  directory('usr/lib'),
  file('usr/lib/old'),
  symlink('lib', 'usr/lib'),
];

/** How layers add up, case by case; paths are below a folder that each case has to itself. */
export const layerCases: readonly LayerCase[] = [
  {
    name: 'a whiteout hides a file, a link and a directory with all in it',
    layers: [
      [file('f'), symlink('l', 'f'), directory('d'), directory('d/s'), file('d/s/f'), file('kept')],
      [whiteout('f'), whiteout('l'), whiteout('d')],
    ],
    tree: { kept: '"kept"' },
  },
  {
    name: 'a whiteout of what is not there is nothing',
    layers: [[file('f')], [whiteout('g'), whiteout('f/below-a-file'), opaque('f')]],
    tree: { f: '"f"' },
    buildah: { refuses: /unlinkat .*not a directory/ },
  },
  {
    name: 'a whiteout in a directory that is not there is nothing',
    layers: [[file('f')], [whiteout('no/such/f'), opaque('nor/such')]],
    tree: { f: '"f"' },
    buildah: { tree: makesParents },
  },
  {
    name: 'a whiteout before its replacement in one layer',
    layers: [[file('f', 'old')], [whiteout('f'), file('f', 'new')]],
    tree: { f: '"new"' },
  },
  {
    name: 'a whiteout behind its replacement in one layer',
    layers: [[file('f', 'old')], [file('f', 'new'), whiteout('f')]],
    tree: { f: '"new"' },
    buildah: { tree: inOrder },
  },
  {
    name: 'a whiteout of a directory before children that come back',
    layers: [
      [directory('d'), file('d/old')],
      [whiteout('d'), directory('d', { mode: 0o711 }), file('d/new')],
    ],
    tree: { d: 'dir 711', 'd/new': '"d/new"' },
  },
  {
    name: 'a whiteout of a directory behind children that come back',
    layers: [
      [directory('d'), file('d/old')],
      [directory('d', { mode: 0o711 }), file('d/new'), whiteout('d')],
    ],
    tree: { d: 'dir 711', 'd/new': '"d/new"' },
    buildah: { refuses: /chtimes .*no such file/ },
  },
  {
    name: 'a whiteout of a directory before children that come back without it',
    layers: [
      [directory('d'), file('d/old')],
      [whiteout('d'), file('d/new')],
    ],
    tree: { d: 'dir 755', 'd/new': '"d/new"' },
  },
  {
    name: 'a whiteout of a directory behind children that come back without it',
    layers: [
      [directory('d'), file('d/old')],
      [file('d/new'), whiteout('d')],
    ],
    tree: { d: 'dir 755', 'd/new': '"d/new"' },
    umoci: { tree: keepsMode },
    buildah: { tree: inOrder },
  },
  {
    name: 'hidden, and back in the layer above',
    layers: [[file('f', 'one')], [whiteout('f')], [file('f', 'three')]],
    tree: { f: '"three"' },
  },
  {
    name: 'an opaque directory with the marker first',
    layers: [
      [directory('d'), file('d/old'), directory('d/s'), file('d/s/old')],
      [opaque('d'), file('d/new'), directory('d/s', { mode: 0o700 }), file('d/s/new')],
    ],
    tree: { d: 'dir 750', 'd/new': '"d/new"', 'd/s': 'dir 700', 'd/s/new': '"d/s/new"' },
  },
  {
    name: 'an opaque directory with the marker last',
    layers: [
      [directory('d'), file('d/old'), directory('d/s'), file('d/s/old')],
      [file('d/new'), directory('d/s', { mode: 0o700 }), file('d/s/new'), opaque('d')],
    ],
    tree: { d: 'dir 750', 'd/new': '"d/new"', 'd/s': 'dir 700', 'd/s/new': '"d/s/new"' },
  },
  {
    name: 'an opaque directory with the marker last and directories without entries',
    layers: [
      [directory('d'), file('d/old'), directory('d/s'), file('d/s/old')],
      [file('d/s/new'), opaque('d')],
    ],
    tree: { d: 'dir 750', 'd/s': 'dir 755', 'd/s/new': '"d/s/new"' },
    umoci: { tree: keepsMode },
    buildah: { tree: inOrder },
  },
  {
    name: 'an opaque directory that is new',
    layers: [[file('f')], [directory('d'), opaque('d'), file('d/new')]],
    tree: { f: '"f"', d: 'dir 750', 'd/new': '"d/new"' },
  },
  {
    name: 'file, directory, link, file: each replaces the one below',
    layers: [
      [file('x', 'first')],
      [directory('x'), file('x/inside')],
      [symlink('x', 'elsewhere')],
      [file('x', 'last')],
    ],
    tree: { x: '"last"' },
  },
  {
    name: 'a directory over a file, a file over a full directory, a link over a full directory',
    layers: [
      [file('a'), directory('b'), file('b/f'), directory('c'), file('c/f'), directory('e')],
      [directory('a'), file('a/f'), file('b'), symlink('c', 'a')],
    ],
    tree: { a: 'dir 750', 'a/f': '"a/f"', b: '"b"', c: '-> a', e: 'dir 750' },
  },
  {
    name: 'a whiteout in a directory that its own layer has replaced by a file',
    layers: [[file('kept')], [file('x/d/f'), file('x'), whiteout('x/d')]],
    tree: { kept: '"kept"', x: '"x"' },
    buildah: { refuses: /unlinkat .*not a directory/ },
  },
  {
    name: 'a directory over a directory keeps what is in it',
    layers: [[directory('d'), file('d/f')], [directory('d', { mode: 0o700, uid: 7 })]],
    tree: { d: 'dir 700', 'd/f': '"d/f"' },
  },
  {
    name: 'a directory takes the place of a link to one',
    layers: [usrMerged, [directory('lib'), file('lib/new')]],
    tree: {
      usr: 'dir 750',
      'usr/lib': 'dir 750',
      'usr/lib/old': '"usr/lib/old"',
      lib: 'dir 750',
      'lib/new': '"lib/new"',
    },
  },
  {
    name: 'parents that are links: relative, absolute, in chains and through ..',
    layers: [
      [
        ...usrMerged,
        symlink('abs', '/usr/lib'),
        symlink('usr/up', '../lib/.'),
        symlink('chain', 'usr/up'),
        symlink('again', '/lib'),
      ],
      [file('lib/a'), file('abs/b'), file('chain/c'), file('again/d'), whiteout('chain/old')],
    ],
    tree: {
      usr: 'dir 750',
      'usr/lib': 'dir 750',
      'usr/lib/a': '"lib/a"',
      'usr/lib/b': '"abs/b"',
      'usr/lib/c': '"chain/c"',
      'usr/lib/d': '"again/d"',
      'usr/up': '-> ../lib/.',
      lib: '-> usr/lib',
      abs: '-> ABS/usr/lib',
      chain: '-> usr/up',
      again: '-> ABS/lib',
    },
  },
  {
    name: 'an opaque marker behind a link',
    layers: [usrMerged, [opaque('lib'), file('lib/new')]],
    tree: { usr: 'dir 750', 'usr/lib': 'dir 750', 'usr/lib/new': '"lib/new"', lib: '-> usr/lib' },
    buildah: { tree: 'it does not follow the link' },
  },
  {
    name: 'a parent that is a link to nothing is made where it leads',
    layers: [[symlink('l', 'no/where')], [file('l/f')]],
    tree: { l: '-> no/where', no: 'dir 755', 'no/where': 'dir 755', 'no/where/f': '"l/f"' },
    buildah: { refuses: /open .*no such file/ },
  },
  {
    name: 'a link is hidden, and its name comes back as a directory without an entry',
    layers: [
      [directory('d'), file('d/f'), symlink('l', 'd')],
      [whiteout('l'), file('l/g')],
    ],
    tree: { d: 'dir 750', 'd/f': '"d/f"', l: 'dir 755', 'l/g': '"l/g"' },
  },
  {
    name: 'layers without any entries for directories',
    layers: [[file('a/b/c/f')], [file('a/b/g'), file('a/h/i/j')]],
    tree: {
      a: 'dir 755',
      'a/b': 'dir 755',
      'a/b/c': 'dir 755',
      'a/b/c/f': '"a/b/c/f"',
      'a/b/g': '"a/b/g"',
      'a/h': 'dir 755',
      'a/h/i': 'dir 755',
      'a/h/i/j': '"a/h/i/j"',
    },
  },
  {
    name: 'the entry of a directory behind its children',
    layers: [[file('a/f'), directory('a', { mode: 0o700 })], [file('a/g')]],
    tree: { a: 'dir 700', 'a/f': '"a/f"', 'a/g': '"a/g"' },
  },
  {
    name: 'hard links in one layer and to the layer below',
    layers: [
      [file('a'), hardLink('b', 'a')],
      [hardLink('c', 'a'), directory('d'), hardLink('d/e', 'c')],
    ],
    tree: { a: '"a"', b: '= a', c: '= a', d: 'dir 750', 'd/e': '= a' },
  },
  {
    name: 'a hard link to the layer below whose target is replaced later',
    layers: [[file('a', 'one')], [hardLink('b', 'a')], [file('a', 'two')]],
    tree: { a: '"two"', b: '"one"' },
  },
  {
    name: 'a hard link, then a whiteout of its target',
    layers: [[file('a', 'one')], [hardLink('b', 'a'), whiteout('a')]],
    tree: { b: '"one"' },
  },
  {
    name: 'a hard link that comes back behind a whiteout',
    layers: [[file('a', 'one'), hardLink('b', 'a')], [whiteout('b')], [hardLink('b', 'a')]],
    tree: { a: '"one"', b: '= a' },
  },
  {
    name: 'hard links to a link, and through one',
    layers: [
      [directory('d'), file('d/f'), symlink('l', 'd'), symlink('s', 'd/f')],
      [hardLink('via', 'l/f'), hardLink('too', 's')],
    ],
    tree: { d: 'dir 750', 'd/f': '"d/f"', l: '-> d', s: '-> d/f', too: '= s', via: '= d/f' },
    buildah: { tree: 'it makes a link of its own of a hard link to a link' },
  },
  {
    name: 'a hard link keeps mode and owner of its target',
    layers: [
      [file('a', 'one', { mode: 0o600, uid: 3 })],
      [hardLink('b', 'a', { mode: 0o777, uid: 9 })],
    ],
    tree: { a: '"one"', b: '= a' },
    buildah: {
      tree: 'it gives the target the mode and owner of the link, GNU tar and umoci do not',
    },
  },
  {
    name: 'a path twice in a layer: the last entry counts',
    layers: [
      [file('f', 'a'), file('f', 'b', { mode: 0o600 }), file('d'), directory('d'), file('d/f')],
      [directory('d', { mode: 0o700 }), file('d/g'), directory('d', { mode: 0o711 })],
    ],
    tree: { d: 'dir 711', 'd/f': '"d/f"', 'd/g': '"d/g"', f: '"b"' },
    buildah: { refuses: /duplicates of file paths not supported/ },
  },
  {
    name: 'devices, pipes and modes',
    layers: [
      [
        device('null', 1, 3),
        device('zero', 0, 0),
        pipe('pipe'),
        file('suid', '', { mode: 0o6755 }),
      ],
      [directory('sticky', { mode: 0o1777 }), file('owned', '', { uid: 70_000, gid: 4_000_000 })],
    ],
    tree: {
      null: 'char 1:3',
      zero: 'char 0:0',
      pipe: 'fifo',
      suid: '""',
      sticky: 'dir 1777',
      owned: '""',
    },
  },
  {
    name: 'links that leave the root lead to it',
    layers: [
      [symlink('up', '../../../../../up-there'), symlink('root', '/')],
      [file('root/by-root')],
    ],
    tree: { up: '-> ../../../../../up-there', root: '-> ABS/', 'by-root': '"root/by-root"' },
  },
  {
    name: 'names that only look like whiteouts',
    layers: [
      [file('a.wh.b'), file('.wh'), file('.whiteout')],
      [directory('d'), file('d/x.wh.')],
    ],
    tree: {
      '.wh': '".wh"',
      '.whiteout': '".whiteout"',
      'a.wh.b': '"a.wh.b"',
      d: 'dir 750',
      'd/x.wh.': '"d/x.wh."',
    },
  },
  {
    name: 'a whiteout that is a directory, or has content',
    layers: [
      [file('a'), file('b'), file('c')],
      [directory('.wh.a'), file('.wh.b', 'content')],
    ],
    tree: { c: '"c"' },
  },
];

/** The same records below a folder; absolute links lead into it too. */
export function belowFolder(folder: string, records: readonly TarRecord[]): TarRecord[] {
  return records.map(({ entry, ...rest }) => {
    const isRooted = entry.type === 'hardlink';
    const isAbsolute = entry.type === 'symlink' && entry.linkTarget.startsWith('/');
    const path = `${folder}/${entry.path}`;
    const linkTarget = isRooted
      ? `${folder}/${entry.linkTarget}`
      : isAbsolute
        ? `/${folder}${entry.linkTarget}`
        : entry.linkTarget;
    return { entry: { ...entry, path, linkTarget }, ...rest };
  });
}
