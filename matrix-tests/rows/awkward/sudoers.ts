import { textIn, without, withText } from '../../trees/tree.ts';
import type { ExpectedFailure } from '../../row/row.ts';
import type { Awkward } from './awkward.ts';

const main = 'etc/sudoers';
const theirs = 'the file is its author’s: a setup never changes it';

/** An author's own sudoers file, without the comments that packages put into theirs. */
const ownSudoers = [
  'Defaults\tenv_reset',
  'Defaults\tsecure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"',
  'root\tALL=(ALL:ALL) ALL',
  '%sudo\tALL=(ALL:ALL) ALL',
  '#includedir /etc/sudoers.d',
];

const drop = (content: string) => ({ content, mode: 0o440 });

/** `dev ALL=(ALL:ALL NOPASSWD: ALL` lacks a parenthesis. */
const brokenRule = '# the developers\ndev ALL=(ALL:ALL NOPASSWD: ALL\n';

/** What follows where nobody can use sudo, or the rule of the setup is not read. */
const withoutRule: Awkward['expects']['after'] = ['user-becomes-root', 'user-becomes-anybody'].map(
  (check) => ({ check, because: 'the rule of the setup has no effect before that is mended' }),
);

const ruleNotRead: ExpectedFailure = {
  check: 'user-rule-last',
  at: '/etc/sudoers.d/zz-ashlar',
  because: 'nothing in /etc/sudoers.d is read before that is mended',
};

export const awkwardSudoers: readonly Awkward[] = [
  {
    id: 'sudoers-second-include',
    title: 'an @includedir was appended to /etc/sudoers of 2018 (line 31)',
    release: 'ubuntu-18.04',
    edit: (tree) => withText(tree, main, `${textIn(tree, main)}@includedir /etc/sudoers.d\n`),
    expects: lockedOut(
      { check: 'sudoers-parses', at: '/etc/sudoers:31', because: theirs },
      { check: 'sudoers-one-include', at: '/etc/sudoers:31', because: theirs },
    ),
  },
  {
    id: 'sudoers-no-final-newline',
    title: "a user's own sudoers without final newline",
    release: 'ubuntu-22.04',
    edit: (tree) => withText(tree, main, ownSudoers.join('\n')),
    expects: both({ check: 'sudoers-ends-in-newline', at: '/etc/sudoers:5', because: theirs }),
  },
  {
    id: 'sudoers-no-final-newline-rs',
    title: "a user's own sudoers without final newline, and sudo-rs",
    release: 'ubuntu-26.04',
    edit: (tree) => withText(tree, main, ownSudoers.join('\n')),
    // Seen with sudo-rs 0.2.15: it complains of the line, and does not follow the include.
    expects: unread(
      { check: 'sudoers-ends-in-newline', at: '/etc/sudoers:5', because: theirs },
      { check: 'sudoers-lines-hold', at: '/etc/sudoers:5', because: theirs },
      { check: 'sudoers-include-read', at: '/etc/sudoers:5', because: theirs },
    ),
  },
  {
    id: 'sudoers-crlf',
    title: "a user's own sudoers with CR LF",
    release: 'ubuntu-18.04',
    edit: (tree) => withText(tree, main, ownSudoers.map((line) => `${line}\r\n`).join('')),
    expects: lockedOut(
      { check: 'sudoers-no-crlf', at: '/etc/sudoers:1', because: theirs },
      { check: 'sudoers-parses', at: '/etc/sudoers', because: theirs },
    ),
  },
  {
    id: 'drop-in-broken',
    title: 'a drop-in that does not parse, where that locks everybody out',
    release: 'ubuntu-20.04',
    edit: (tree) => ({ ...tree, 'etc/sudoers.d/dev': drop(brokenRule) }),
    expects: lockedOut({ check: 'sudoers-parses', at: '/etc/sudoers.d/dev:2', because: theirs }),
  },
  {
    id: 'drop-in-broken-recovered',
    title: 'a drop-in that does not parse, where sudo goes on',
    release: 'ubuntu-24.04',
    edit: (tree) => ({ ...tree, 'etc/sudoers.d/dev': drop(brokenRule) }),
    expects: both({ check: 'sudoers-lines-hold', at: '/etc/sudoers.d/dev:2', because: theirs }),
  },
  {
    id: 'drop-in-with-a-dot',
    title: 'a drop-in whose name has a dot, and one that others may write',
    release: 'ubuntu-22.04',
    edit: (tree) => ({
      ...tree,
      'etc/sudoers.d/dev.user': drop('dev ALL=(ALL:ALL) NOPASSWD: ALL\n'),
      'etc/sudoers.d/open': { content: 'dev ALL=(ALL:ALL) ALL\n', mode: 0o666 },
    }),
    expects: both(
      { check: 'drop-ins-read', at: '/etc/sudoers.d/dev.user', because: theirs },
      { check: 'drop-ins-safe', at: '/etc/sudoers.d/open', because: theirs },
      { check: 'drop-ins-mode', at: '/etc/sudoers.d/open', because: theirs },
      { check: 'sudoers-lines-hold', at: '/etc/sudoers', because: theirs },
    ),
  },
  {
    id: 'no-sudoers-directory',
    title: 'no /etc/sudoers.d, which /etc/sudoers includes',
    release: 'ubuntu-24.04',
    edit: (tree) => without(tree, 'etc/sudoers.d'),
    expects: {
      before: [{ check: 'sudoers-directory-safe', at: '/etc/sudoers.d', because: theirs }],
      after: [],
      holds: ['sudoers-directory-safe', 'user-becomes-root'],
    },
  },
  {
    id: 'no-include',
    title: 'no /etc/sudoers.d, and no include of it',
    release: 'ubuntu-20.04',
    edit: (tree) =>
      withText(without(tree, 'etc/sudoers.d'), main, `${ownSudoers.slice(0, -1).join('\n')}\n`),
    expects: {
      before: [
        { check: 'sudoers-directory-safe', at: '/etc/sudoers.d', because: theirs },
        { check: 'sudoers-include-read', at: '/etc/sudoers', because: theirs },
      ],
      after: [
        { check: 'sudoers-directory-safe', because: theirs },
        { check: 'sudoers-include-read', at: '/etc/sudoers', because: theirs },
        ...withoutRule,
        ruleNotRead,
      ],
      holds: ['sudoers-unchanged'],
    },
  },
];

function lockedOut(...failures: Awkward['expects']['before']): Awkward['expects'] {
  return { before: failures, after: [...failures, ...withoutRule], holds: [] };
}

/** Where sudo works and does not read the file of the setup. */
function unread(...failures: Awkward['expects']['before']): Awkward['expects'] {
  return { before: failures, after: [...failures, ...withoutRule, ruleNotRead], holds: [] };
}

function both(...failures: Awkward['expects']['before']): Awkward['expects'] {
  return { before: failures, after: failures, holds: ['user-becomes-root'] };
}
