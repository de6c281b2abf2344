import { dropIn, goodBase } from '../support/good-base.ts';
import { type Cases, tree } from './case.ts';

/** The working user. */
export const userCases: Cases = {
  'user-exists': {
    fails: tree({ 'etc/group': 'root:x:0:\n' }),
    says: /\/etc\/group has no group 1000/,
    acts: 'author',
    at: 'etc/group',
  },
  'user-name-valid': {
    fails: { tree: goodBase, user: 'my.user' },
    says: /"my\.user" is no name/,
    acts: 'author',
    at: null,
  },
  'user-uid-own': {
    fails: tree({
      'etc/passwd':
        'root:x:0:0::/root:/bin/sh\nubuntu:x:1000:1000::/home/ubuntu:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n',
    }),
    says: /uid 1000 is that of ubuntu and user/,
    acts: 'author',
    at: 'etc/passwd',
  },
  'user-shell': {
    fails: tree({
      'etc/passwd': 'root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/zsh\n',
    }),
    says: /"\/bin\/zsh", which is no program/,
    acts: 'author',
    at: 'etc/passwd',
  },
  'user-home': {
    passes: tree({ 'home/user': { directory: true, mode: 0o700, uid: 1000, gid: 1000 } }),
    fails: tree({ home: { directory: true, mode: 0o700 } }),
    says: /\/home keeps user out of \/home\/user/,
    acts: 'author',
    at: 'home',
  },
  'user-becomes-root': {
    fails: tree({
      'etc/sudoers.d/zz-ashlar': dropIn(
        'user ALL=(ALL:ALL) NOPASSWD: ALL\nuser ALL=(ALL:ALL) ALL\n',
      ),
    }),
    says: /user cannot run all commands as root: sudo asks for a password/,
    acts: 'author',
    at: null,
  },
  'user-becomes-anybody': {
    fails: tree({ 'etc/sudoers.d/zz-ashlar': dropIn('user ALL=(root) NOPASSWD: ALL\n') }),
    says: /user cannot run commands as www-data/,
    acts: 'author',
    at: null,
  },
  'user-rule-last': {
    passes: tree({ 'etc/sudoers.d/zzz-other': dropIn('www-data ALL=(ALL:ALL) ALL\n') }),
    fails: tree({ 'etc/sudoers.d/zzz-other': dropIn('user ALL=(ALL:ALL) ALL\n') }),
    says: /\/etc\/sudoers\.d\/zzz-other is read after/,
    acts: 'author',
    at: 'etc/sudoers.d/zzz-other',
  },
};
