import { bundledAuthority } from '../../trees/bundled-authority.ts';
import { program, setuidProgram } from '../../trees/programs.ts';
import type { Entry, Tree } from '../../trees/tree.ts';
import { authorityFile } from '../../trees/trees.ts';
import type { Awkward } from './awkward.ts';
import { notYet } from '../set-up-holds.ts';

/**
 * Made up in the shape of Fedora: rpm, update-ca-trust, merged /usr. Nobody took it from an image; and as versions in rpm's
 * database are not read, nothing says which sudo it has, so that what sudo makes of its files is not judged.
 */
export const fedora: Awkward = {
  id: 'fedora',
  title: 'Fedora-shaped: rpm, update-ca-trust, an authority to be trusted; its sudo is not judged',
  release: null,
  edit: () => fedoraTree,
  setup: ['--ca', authorityFile],
  expects: {
    before: [notYet],
    after: [],
    holds: [
      'setup-complete',
      'setup-serves',
      'user-exists',
      'user-shell',
      'sudoers-unchanged',
      'ca-bundle-clean',
      'ca-in-bundle',
      'ca-one-certificate-each',
    ],
  },
};

const directory: Entry = { directory: true };
const extracted = 'etc/pki/ca-trust/extracted';

/** As update-ca-trust(8) has it: anchors are put into `source`, programs read what is extracted. */
const trust: Tree = {
  'usr/bin/update-ca-trust': program,
  'etc/pki/ca-trust/source/anchors': directory,
  [`${extracted}/pem/tls-ca-bundle.pem`]: { content: bundledAuthority, mode: 0o444 },
  'etc/pki/tls/certs/ca-bundle.crt': { target: `/${extracted}/pem/tls-ca-bundle.pem` },
  'etc/pki/tls/cert.pem': { target: `/${extracted}/pem/tls-ca-bundle.pem` },
  'etc/ssl/certs': { target: '../pki/tls/certs' },
};

const fedoraTree: Tree = {
  bin: { target: 'usr/bin' },
  sbin: { target: 'usr/sbin' },
  lib: { target: 'usr/lib' },
  lib64: { target: 'usr/lib64' },
  'usr/lib/os-release':
    'NAME="Fedora Linux"\nVERSION="42 (Container Image)"\nID=fedora\nVERSION_ID=42\nPRETTY_NAME="Fedora Linux 42 (Container Image)"\n',
  'etc/os-release': { target: '../usr/lib/os-release' },
  'etc/redhat-release': 'Fedora release 42 (Adams)\n',
  'usr/lib/sysimage/rpm/rpmdb.sqlite': 'SQLite format 3\0',
  'usr/bin/bash': program,
  'usr/bin/sh': { target: 'bash' },
  'usr/bin/date': program,
  'usr/bin/env': program,
  'usr/sbin/useradd': program,
  'usr/lib64/libc.so.6': program,
  'usr/bin/sudo': setuidProgram,
  'usr/sbin/visudo': program,
  'etc/sudoers': {
    content:
      'Defaults   env_reset\nroot\tALL=(ALL) \tALL\n%wheel\tALL=(ALL)\tALL\n#includedir /etc/sudoers.d\n',
    mode: 0o440,
  },
  'etc/sudoers.d': { directory: true, mode: 0o750 },
  'etc/pam.d/sudo': 'auth include system-auth\n',
  'etc/passwd':
    'root:x:0:0:Super User:/root:/bin/bash\nnobody:x:65534:65534:Kernel Overflow User:/:/usr/sbin/nologin\n',
  'etc/group': 'root:x:0:\nwheel:x:10:\nnobody:x:65534:\n',
  'etc/shadow': { content: 'root:!locked::0:99999:7:::\nnobody:!*:::::::\n', mode: 0 },
  'etc/gshadow': { content: 'root:::\nwheel:::\nnobody:::\n', mode: 0 },
  'etc/hosts': '127.0.0.1\tlocalhost\n',
  'etc/hostname': '',
  'etc/resolv.conf': '',
  ...trust,
  ...Object.fromEntries(['dev', 'home', 'proc', 'run', 'sys'].map((path) => [path, directory])),
  root: { directory: true, mode: 0o550 },
  tmp: { directory: true, mode: 0o1777 },
  'var/tmp': { directory: true, mode: 0o1777 },
};
