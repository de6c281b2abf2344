import { machine, program } from '../../trees/programs.ts';
import type { Tree } from '../../trees/tree.ts';
import { notYet } from '../set-up-holds.ts';
import type { Awkward } from './awkward.ts';

/** Bases that are neither Ubuntu nor Debian. */
export const awkwardStrangers: readonly Awkward[] = [
  {
    id: 'alpine',
    title: 'Alpine: musl, busybox and apk',
    release: null,
    edit: () => alpine,
    expects: {
      before: [notYet],
      after: [],
      holds: ['setup-complete', 'user-exists', 'user-shell'],
    },
  },
  {
    id: 'distroless',
    title: 'a distroless image: packages without dpkg, no shell',
    release: null,
    edit: () => distroless,
    expects: { before: [], after: [], holds: ['setup-complete', 'setup-serves'] },
  },
  {
    id: 'scratch',
    title: 'one static program, and nothing else',
    release: null,
    edit: () => ({ server: program }),
    expects: { before: [], after: [], holds: ['setup-complete', 'setup-serves'] },
  },
  {
    id: 'no-etc',
    title: 'a tree without /etc',
    release: null,
    edit: () => ({ 'usr/bin/sh': program, 'usr/bin/env': program, bin: { target: 'usr/bin' } }),
    expects: {
      before: [
        { check: 'files-as-they-claim', at: '/etc', because: 'nothing says what the image is' },
      ],
      after: [],
      holds: ['setup-serves'],
    },
  },
];

const alpine: Tree = {
  'etc/os-release':
    'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.22.1\nPRETTY_NAME="Alpine Linux v3.22"\n',
  'etc/alpine-release': '3.22.1\n',
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n',
  'etc/group': 'root:x:0:root\nwheel:x:10:root\nnobody:x:65534:\n',
  'etc/shadow': { content: 'root:*::0:::::\nnobody:!::0:::::\n', mode: 0o640, gid: 42 },
  'etc/hosts': '127.0.0.1\tlocalhost localhost.localdomain\n::1\tlocalhost\n',
  'etc/hostname': 'localhost\n',
  'bin/busybox': program,
  'bin/sh': { target: '/bin/busybox' },
  'bin/date': { target: '/bin/busybox' },
  'lib/ld-musl-x86_64.so.1': program,
  'lib/apk/db/installed': ['musl', 'busybox', 'alpine-baselayout']
    .map((name) => `P:${name}\nV:1.2.5-r10\nA:${machine.apk}\n`)
    .join('\n'),
  tmp: { directory: true, mode: 0o1777 },
  root: { directory: true, mode: 0o700 },
};

const distroless: Tree = {
  'etc/os-release':
    'PRETTY_NAME="Distroless"\nNAME="Debian GNU/Linux"\nID="debian"\nVERSION_ID="12"\nVERSION="Debian GNU/Linux 12 (bookworm)"\n',
  'etc/passwd':
    'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
  'etc/group': 'root:x:0:\nnonroot:x:65532:\n',
  'var/lib/dpkg/status.d/base': `Package: base-files\nVersion: 12.4+deb12u5\nArchitecture: ${machine.dpkg}\n`,
  'home/nonroot': { directory: true, mode: 0o700, uid: 65532, gid: 65532 },
  tmp: { directory: true, mode: 0o1777 },
  app: program,
};
