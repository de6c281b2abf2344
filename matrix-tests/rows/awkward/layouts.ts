import { program, setuidProgram } from '../../trees/programs.ts';
import { authorityFile } from '../../trees/trees.ts';
import { textIn, type Tree, without, withText } from '../../trees/tree.ts';
import { notYet } from '../set-up-holds.ts';
import type { Awkward } from './awkward.ts';

const theirs = 'that is for the author of the image to decide';

export const awkwardLayouts: readonly Awkward[] = [
  {
    id: 'sudo-from-source',
    title: 'sudo from source in /usr/local',
    release: 'ubuntu-22.04',
    sudo: 'as-in-image',
    edit: (tree) => ({
      ...tree,
      'usr/local/bin/sudo': setuidProgram,
      'usr/local/sbin/visudo': program,
      'etc/sudoers': {
        content: 'root ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n',
        mode: 0o440,
      },
      'etc/sudoers.d': { directory: true, mode: 0o750 },
    }),
    expects: mended('user-exists'),
  },
  {
    id: 'sudo-setuid-lost',
    title: 'sudo without its setuid bit',
    release: 'ubuntu-24.04',
    edit: (tree) => ({ ...tree, 'usr/bin/sudo': program }),
    expects: both({ check: 'sudo-setuid', at: '/usr/bin/sudo', because: theirs }),
  },
  {
    id: 'sudo-link-dangling',
    title: 'sudo-rs was removed, and its alternative was left behind',
    release: 'ubuntu-26.04',
    edit: (tree) => without(tree, 'usr/lib/cargo/bin/sudo', 'usr/lib/cargo/bin/visudo'),
    expects: both({ check: 'sudo-leads-somewhere', at: '/usr/bin/sudo', because: theirs }),
  },
  {
    id: 'no-sudo',
    title: 'the image as published: without sudo',
    release: 'ubuntu-24.04',
    sudo: 'as-in-image',
    edit: (tree) => tree,
    expects: mended('user-exists'),
  },
  {
    id: 'uid-1000-taken',
    title: "uid 1000 is that of the author's own user",
    release: 'ubuntu-22.04',
    edit: (tree) => withUser(tree, 'node', 1000),
    expects: mended('user-exists', 'user-uid-own', 'user-becomes-root'),
  },
  {
    id: 'uid-1000-twice',
    title: 'uid 1000 is that of two users',
    release: 'ubuntu-24.04',
    edit: (tree) => withUser(tree, 'dev', 1000),
    expects: {
      // Who works in the machine is known only when it is set up.
      before: [notYet],
      after: [{ check: 'user-uid-own', at: '/etc/passwd', because: theirs }],
      holds: [],
    },
  },
  {
    id: 'user-asked-for',
    title: 'a user and uid of the operator’s choice, beside one that has uid 1000',
    release: 'ubuntu-24.04',
    edit: (tree) => tree,
    setup: ['--user', 'dev', '--uid', '2000'],
    expects: mended('user-exists', 'user-uid-own', 'user-becomes-root'),
  },
  {
    id: 'files-read-only',
    title: 'files in /etc are read-only',
    release: 'ubuntu-20.04',
    edit: readOnly,
    expects: mended('accounts-readable', 'user-exists', 'user-becomes-root'),
  },
  {
    id: 'bin-not-merged',
    title: '/bin is not merged into /usr, in a release where it is',
    release: 'ubuntu-22.04',
    edit: (tree) => ({ ...splitUsr(tree) }),
    expects: mended('usr-merged-whole', 'user-becomes-root'),
  },
  {
    id: 'bin-half-merged',
    title: '/lib is a directory, and /bin a link',
    release: 'ubuntu-22.04',
    edit: (tree) => ({ ...without(tree, 'lib'), 'lib/thing/module.so': program }),
    expects: both({ check: 'usr-merged-whole', at: '/lib', because: theirs }),
  },
  {
    id: 'no-ca-bundle',
    title: 'no CA bundle, and an authority to be trusted',
    release: 'ubuntu-22.04',
    edit: (tree) => without(tree, 'etc/ssl'),
    setup: ['--ca', authorityFile],
    expects: mended('ca-bundle-clean'),
  },
  {
    id: 'resolv-conf-link',
    title: 'the resolv.conf link of 14.04, into a directory that is empty',
    release: 'ubuntu-14.04',
    edit: (tree) => ({
      ...tree,
      'etc/resolv.conf': { target: '../run/resolvconf/resolv.conf' },
      'run/resolvconf/interface': { directory: true },
    }),
    expects: {
      before: [
        { check: 'resolv-conf-whole', at: '/etc/resolv.conf', because: 'docker mounts its own' },
      ],
      after: [],
      holds: ['resolv-conf-whole', 'initctl-in-place'],
    },
  },
  {
    id: 'no-shell',
    title: 'an image without a shell',
    release: 'ubuntu-24.04',
    sudo: 'as-in-image',
    edit: (tree) => without(tree, 'usr/bin/sh', 'usr/bin/dash', 'usr/bin/bash'),
    expects: both({ check: 'shell-there', at: '/bin/sh', because: theirs }),
  },
];

/** Nothing is wrong with it but that it is not set up; these must hold when it is. */
function mended(...holds: Awkward['expects']['holds']): Awkward['expects'] {
  return { before: [notYet], after: [], holds: ['setup-complete', ...holds] };
}

function both(...failures: Awkward['expects']['before']): Awkward['expects'] {
  return { before: failures, after: failures, holds: [] };
}

function withUser(tree: Tree, name: string, uid: number): Tree {
  let changed = withLine(tree, 'etc/passwd', `${name}:x:${uid}:${uid}::/home/${name}:/bin/bash`);
  changed = withLine(changed, 'etc/shadow', `${name}:*:19000:0:99999:7:::`);
  changed = withLine(changed, 'etc/group', `${name}:x:${uid}:`);
  changed = withLine(changed, 'etc/gshadow', `${name}:*::`);
  return { ...changed, [`home/${name}`]: { directory: true, mode: 0o755, uid, gid: uid } };
}

function withLine(tree: Tree, path: string, line: string): Tree {
  return withText(tree, path, `${textIn(tree, path)}${line}\n`);
}

/** Every file of /etc loses its write bits, as images have it that were made from a read-only source. */
function readOnly(tree: Tree): Tree {
  return Object.fromEntries(
    Object.entries(tree).map(([path, entry]) => {
      if (!path.startsWith('etc/')) return [path, entry];
      if (typeof entry === 'string') return [path, { content: entry, mode: 0o444 }];
      return 'content' in entry
        ? [path, { ...entry, mode: (entry.mode ?? 0o644) & ~0o222 }]
        : [path, entry];
    }),
  );
}

/** Programs in /bin, /sbin and /lib themselves, in place of links. */
function splitUsr(tree: Tree): Tree {
  const plain = without(tree, 'bin', 'sbin', 'lib', 'lib64');
  return {
    ...plain,
    'bin/sh': { target: 'dash' },
    'bin/dash': program,
    'bin/bash': program,
    'bin/date': program,
    'sbin/fsck': program,
    'lib/x86_64-linux-gnu/libc.so.6': program,
  };
}
