import { describe, expect, it } from 'vitest';
import { withStatus } from './cases/case.ts';
import { baseWith, sudoers } from './support/good-base.ts';
import { findingOn } from './support/look-at.ts';

const versions = { old: '1.8.21p2-3ubuntu1.6', now: '1.9.15p5-3ubuntu5' } as const;

const looked = async (id: string, lines: string, version: keyof typeof versions) => {
  const tree = baseWith({
    'var/lib/dpkg/status': withStatus({ sudo: versions[version] }),
    'etc/sudoers': sudoers(`root ALL=(ALL:ALL) ALL\n${lines}\n`),
    'etc/sudoers.local': sudoers('#includedir /etc/sudoers.d\n'),
  });
  const { status, evidence } = await findingOn({ tree }, id);
  return `${status}: ${evidence[0]}`;
};

describe('the include of /etc/sudoers.d, however it is spelled', () => {
  it.each([
    ['#includedir "/etc/sudoers.d"', 'old', 'passed: line 2 of /etc/sudoers is read'],
    ['#includedir sudoers.d', 'old', 'passed: line 2 of /etc/sudoers is read'],
    [' @includedir //etc/sudoers.d # x', 'now', 'passed: line 2 of /etc/sudoers is read'],
    ['@includedir /etc/sudoers\\.d', 'now', 'passed: line 2 of /etc/sudoers is read'],
    ['@include sudoers.local', 'now', 'passed: line 1 of /etc/sudoers.local is read'],
    ['#include /etc/sudoers.local', 'old', 'passed: line 1 of /etc/sudoers.local is read'],
    [' #includedir /etc/sudoers.d', 'now', 'failed: /etc/sudoers has no line that includes'],
    ['@includedir /etc/sudoers.d', 'old', 'failed: /etc/sudoers:2: @includedir is not read'],
  ] as const)('is found where sudo follows it: %s (%s)', async (line, version, says) => {
    expect(await looked('sudoers-include-read', line, version)).toContain(says);
  });

  it.each([
    ['#includedir /etc/sudoers.d\n@includedir sudoers.d', '/etc/sudoers:3: ', 'after line 2'],
    [
      '#include /etc/sudoers.local\n#includedir /etc/sudoers.d',
      '/etc/sudoers:3: ',
      'after /etc/sudoers.local, line 1',
    ],
  ])('is found twice: %j', async (lines, place, after) => {
    const says = await looked('sudoers-one-include', lines, 'now');
    expect(says).toBe(`failed: ${place}includes /etc/sudoers.d again, ${after}`);
  });
});
