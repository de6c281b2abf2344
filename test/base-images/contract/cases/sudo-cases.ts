import {
  baseWith,
  dropIn,
  goodBase,
  packages,
  program,
  rule,
  setuidProgram,
  sudoers,
  sudoersOf,
} from '../support/good-base.ts';
import { type Cases, tree, withStatus } from './case.ts';

const oldSudo = withStatus({ sudo: '1.8.21p2-3ubuntu1.6' });

const debian12 = sudoersOf('debian-12').toString('latin1');

const ubuntu18 = sudoersOf('ubuntu-18.04').toString('latin1');

const rustSudo = {
  'usr/bin/sudo-rs': setuidProgram,
  'var/lib/dpkg/status': withStatus({ 'sudo-rs': '0.2.5-5' }),
  'var/lib/dpkg/info/sudo-rs.list': '/.\n/usr/bin/sudo-rs\n',
};

const onlyRust = {
  'usr/bin/sudo': setuidProgram,
  'var/lib/dpkg/status': packages({ apt: '2.6.1', 'sudo-rs': '0.2.5-5' }),
  'var/lib/dpkg/info/sudo.list': null,
  'var/lib/dpkg/info/sudo-rs.list': '/.\n/usr/bin/sudo\n',
};

/** Sudo and its files. */
export const sudoCases: Cases = {
  'sudo-leads-somewhere': {
    fails: tree({
      'usr/bin/sudo': { target: '/etc/alternatives/sudo' },
      'etc/alternatives/sudo': { target: '/usr/lib/cargo/bin/sudo' },
    }),
    says: /leads to/,
    acts: 'author',
    at: 'usr/bin/sudo',
  },
  'sudo-setuid': {
    fails: tree({ 'usr/bin/sudo': program }),
    says: /\/usr\/bin\/sudo is 0755/,
    acts: 'author',
    at: 'usr/bin/sudo',
  },
  'sudo-pam': {
    passes: tree({ ...onlyRust, 'etc/pam.d/sudo': '', 'etc/pam.d/sudo-i': '' }),
    fails: tree({ ...onlyRust, 'etc/pam.d/sudo': '' }),
    says: /\/etc\/pam.d\/sudo-i is not there/,
    acts: 'author',
    at: 'etc/pam.d/sudo-i',
  },
  'sudoers-parses': {
    fails: tree({
      'var/lib/dpkg/status': oldSudo,
      'etc/sudoers': sudoers(ubuntu18),
      'etc/sudoers.d/broken': dropIn('# mine\ngarbage here|\n'),
    }),
    says: /^\/etc\/sudoers\.d\/broken:2: syntax error/,
    acts: 'author',
    at: 'etc/sudoers.d/broken:2',
  },
  'sudoers-lines-hold': {
    fails: tree({ 'etc/sudoers.d/broken': dropIn('garbage here|\n') }),
    says: /^\/etc\/sudoers\.d\/broken:1: /,
    acts: 'author',
    at: 'etc/sudoers.d/broken:1',
  },
  'sudoers-other-engines': {
    passes: tree(rustSudo),
    fails: tree({ ...rustSudo, 'etc/sudoers.d/old': dropIn('Defaults logfile=/var/log/sudo\n') }),
    says: /^\/usr\/bin\/sudo-rs \(sudo-rs 0\.2\.5\): \/etc\/sudoers\.d\/old:1: /,
    acts: 'author',
    at: 'etc/sudoers.d/old:1',
  },
  'sudoers-one-include': {
    fails: tree({ 'etc/sudoers': sudoers(`${debian12}#includedir /etc/sudoers.d\n`) }),
    says: /:55: includes \/etc\/sudoers\.d again, after line 54/,
    acts: 'author',
    at: 'etc/sudoers:55',
  },
  'sudoers-include-read': {
    passes: tree({ 'var/lib/dpkg/status': oldSudo, 'etc/sudoers': sudoers(ubuntu18) }),
    fails: tree({
      'var/lib/dpkg/status': oldSudo,
      'etc/sudoers': sudoers(ubuntu18.replace('#includedir', '@includedir')),
    }),
    says: /:30: @includedir is not read/,
    acts: 'author',
    at: 'etc/sudoers:30',
  },
  'sudoers-ends-in-newline': {
    fails: tree({ 'etc/sudoers': sudoers(debian12.slice(0, -1)) }),
    says: /:54: the last line has no end/,
    acts: 'author',
    at: 'etc/sudoers:54',
  },
  'sudoers-no-crlf': {
    fails: tree({ 'etc/sudoers.d/mine': dropIn('Defaults lecture=never\r\n') }),
    says: /\/etc\/sudoers\.d\/mine:1: ends in CR LF/,
    acts: 'author',
    at: 'etc/sudoers.d/mine:1',
  },
  'sudoers-portable-settings': {
    fails: tree({ 'etc/sudoers.d/mine': dropIn('# as in RHEL 6\nDefaults requiretty\n') }),
    says: /^sudo-rs: \/etc\/sudoers\.d\/mine:2: /,
    acts: 'author',
    at: 'etc/sudoers.d/mine:2',
  },
  'sudoers-unchanged': {
    passes: { tree: goodBase, treeBefore: baseWith({ 'etc/sudoers.d/zz-ashlar': null }) },
    fails: {
      tree: baseWith({ 'etc/sudoers': sudoers(`${debian12}\n@includedir /etc/sudoers.d\n`) }),
      treeBefore: goodBase,
    },
    says: /had 1714 others/,
    acts: 'author',
    at: 'etc/sudoers',
  },
  'sudoers-directory-safe': {
    fails: tree({ 'etc/sudoers.d': { directory: true, mode: 0o777 } }),
    says: /\/etc\/sudoers\.d is 0777/,
    acts: 'author',
    at: 'etc/sudoers.d',
  },
  'drop-ins-read': {
    passes: tree({ 'etc/sudoers.d/mine.dpkg-old': dropIn(''), 'etc/sudoers.d/mine~': dropIn('') }),
    fails: tree({ 'etc/sudoers.d/dev.user': dropIn('dev.user ALL=(ALL:ALL) NOPASSWD: ALL\n') }),
    says: /\/etc\/sudoers\.d\/dev\.user is not read/,
    acts: 'author',
    at: 'etc/sudoers.d/dev.user',
  },
  'drop-ins-safe': {
    passes: tree({ 'etc/sudoers.d/mine': dropIn('', 0o460) }),
    fails: tree({ 'etc/sudoers.d/mine': { content: rule, mode: 0o440, uid: 1000 } }),
    says: /owned by 1000:0: it is not read/,
    acts: 'author',
    at: 'etc/sudoers.d/mine',
  },
  'drop-ins-mode': {
    fails: tree({ 'etc/sudoers.d/mine': dropIn(rule, 0o644) }),
    says: /\/etc\/sudoers\.d\/mine is 0644/,
    acts: 'author',
    at: 'etc/sudoers.d/mine',
  },
  'drop-ins-end-in-newline': {
    fails: tree({ 'etc/sudoers.d/mine': dropIn(`${rule}${rule}`.trimEnd()) }),
    says: /\/etc\/sudoers\.d\/mine:2: the last line has no end/,
    acts: 'author',
    at: 'etc/sudoers.d/mine:2',
  },
};
