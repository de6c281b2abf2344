import { describe, expect, it } from 'vitest';
import { parseVisudo } from '../../../base-images/contract/looking/parse-visudo.ts';

/** Recorded output of builds of sudo, by what complained where. */
const recorded: readonly (readonly [string, string, readonly (readonly [string, number])[]])[] = [
  [
    'sudo 1.8.21p2',
    '>>> /etc/sudoers: syntax error near line 31 <<<\nparse error in /etc/sudoers near line 31\n',
    [['/etc/sudoers', 31]],
  ],
  [
    'sudo 1.8.16, which prints freed memory in place of the name',
    '>>> /etc/sudoers.d/50-bad: syntax error near line 1 <<<\nparse error in \xfe\x90&V near line 1\n',
    [['/etc/sudoers.d/50-bad', 1]],
  ],
  [
    'sudo 1.9.13p3',
    '/etc/sudoers.d/50-bad:1:13: syntax error\ngarbage here|\n            ^\n',
    [['/etc/sudoers.d/50-bad', 1]],
  ],
  [
    'sudo 1.8.31, of a setting',
    'visudo: /etc/sudoers.d/50-bad:1 unknown defaults entry "nonsense_opt"\nparse error in /etc/sudoers.d/50-bad near line 1\n',
    [['/etc/sudoers.d/50-bad', 1]],
  ],
  [
    'sudo-rs 0.2.5',
    "/etc/sudoers.d/50-bad:1:13: syntax error: expecting '=' but found '|'\ngarbage here|\n            ^\nvisudo: invalid sudoers file\n",
    [['/etc/sudoers.d/50-bad', 1]],
  ],
  [
    'any, of files that are right',
    '/etc/sudoers: parsed OK\n/etc/sudoers.d/90-dev: parsed OK\n',
    [],
  ],
  ['any, of a mode', '/etc/sudoers.d/90-dev: bad permissions, should be mode 0440\n', []],
];

describe('what visudo says', () => {
  it.each(recorded)('is read as %s writes it', (_, text, complaints) => {
    expect(parseVisudo(Buffer.from(text, 'latin1'))).toEqual(
      complaints.map(([path, line]) => ({ path, line })),
    );
  });
});
