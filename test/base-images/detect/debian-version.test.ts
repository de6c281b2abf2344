import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareDebianVersions,
  isOlderThan,
  upstreamVersion,
} from '../../../base-images/detect/debian-version.ts';
import { runCommand } from '../../../src/process/run-command.ts';

/** Each older than the next. */
const ordered = [
  '0~~',
  '0~~a',
  '0~',
  '0',
  '0a',
  '0+',
  '1.0~beta1~svn1245',
  '1.0~beta1',
  '1.0',
  '1.0-1~bpo12+1',
  '1.0-1',
  '1.0-1+b1',
  '1.0-1+deb12u1',
  '1.0-10',
  '1.0a-1',
  '1.0+dfsg-1',
  '1.0.1-1',
  '1.8.9p5-1ubuntu1',
  '1.8.21p2-3ubuntu1',
  '1.8.21p2-3ubuntu1.6',
  '1.8.31-1ubuntu1.2',
  '1.9.5p2-3+deb11u4',
  '1.9.13p3-1',
  '1.9.17p2-1',
  '1.10',
  '1.99999999999999999999999',
  '1.100000000000000000000000',
  '1:0.1-1',
  '2:0-1',
];

describe('compareDebianVersions', () => {
  it('has these in order', () => {
    for (const [index, left] of ordered.entries())
      for (const [other, right] of ordered.entries())
        expect([left, right, Math.sign(compareDebianVersions(left, right))]).toEqual([
          left,
          right,
          Math.sign(index - other),
        ]);
  });

  it.each([
    ['1.0', '1.00'],
    ['1.0-0', '1.0-00'],
    ['1.0', '0:1.0'],
    ['1.0', '1.0-'],
    ['', '0'],
  ])('takes %j and %j for the same', (left, right) => {
    expect(compareDebianVersions(left, right)).toBe(0);
  });

  it('orders as dpkg does', async (ctx) => {
    const { exitCode } = await runCommand('sh', ['-c', 'command -v dpkg']);
    if (exitCode !== 0) return ctx.skip('there is no dpkg here');
    const part = fc.stringMatching(/^[0-9][0-9a-zA-Z.+~]{0,5}$/);
    const version = fc
      .tuple(
        fc.constantFrom('', '0:', '1:'),
        part,
        fc.constantFrom('', '-1', '-1ubuntu0.1', '-1~a'),
      )
      .map((parts) => parts.join(''));
    const pairs = fc.sample(fc.tuple(version, version), { numRuns: 150, seed: 5 });
    const script = pairs
      .map(([left, right]) => {
        const is = (relation: string): string =>
          `dpkg --compare-versions '${left}' ${relation} '${right}' && echo ${relation}`;
        return `${is('lt')}\n${is('gt')}\n${is('eq')}`;
      })
      .join('\n');
    const { stdout } = await runCommand('sh', ['-c', script], { timeoutMs: 60_000 });
    const ours = pairs.map(([left, right]) => {
      const order = Math.sign(compareDebianVersions(left, right));
      if (order === 0) return 'eq';
      return order < 0 ? 'lt' : 'gt';
    });
    expect(stdout.toString().trim().split('\n')).toEqual(ours);
  });
});

describe('upstreamVersion', () => {
  it.each([
    ['1.8.21p2-3ubuntu1.6', '1.8.21p2'],
    ['1:4.13+dfsg1-1+deb12u2', '4.13'],
    ['2.31-0ubuntu9.9', '2.31'],
    ['245.4-4ubuntu3.17', '245.4'],
    ['252.39-1~deb12u2', '252.39'],
    ['1:4.16.0-2+really2.41.5-0+deb13u1', '2.41.5'],
    ['0.2.8-1ubuntu5.2', '0.2.8'],
    ['1.9.15_p5-r0', '1.9.15p5'],
    ['1.2.4-r2', '1.2.4'],
    ['3.2.0', '3.2.0'],
    ['9.5-1ubuntu2+0.0.0~ubuntu25', '9.5'],
    ['', ''],
  ])('is of %s %s', (version, upstream) => {
    expect(upstreamVersion(version)).toBe(upstream);
  });
});

describe('isOlderThan', () => {
  it.each([
    ['1.42.9-3ubuntu1.3', '1.43', true],
    ['1.43~WIP.2016.03.15-2', '1.43', true],
    ['1.43-1', '1.43', false],
    ['2:4.13+dfsg1-3', '4.13', false],
    ['1:4.5-1ubuntu2.3', '4.8', true],
    ['1.0.1ubuntu2.24', '1.1', true],
    ['1.10', '1.5', false],
    ['6.1.0-49-cloud-amd64', '5.10', false],
    ['5.4.0-216-generic', '5.10', true],
    ['', '5.10', true],
  ])('%s against %s: %s', (version, than, expected) => {
    expect(isOlderThan(version, than)).toBe(expected);
  });
});
