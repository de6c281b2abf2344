import { describe, expect, it } from 'vitest';
import type { Sketch } from '../support/sketched-files.ts';
import { baseWith, dropIn, goodBase, rule, sudoers, sudoersOf } from './support/good-base.ts';
import { findingOn, findingsOn, type Subject } from './support/look-at.ts';

const anything = 16 * 1024 * 1024 + 1;
const debian12 = sudoersOf('debian-12').toString();

/** Images that nobody should have, each with a check that names what is wrong; null where it must only do no harm. */
const awkward: readonly (readonly [string, Subject, string | null])[] = [
  ['has nothing at all', { tree: { 'srv/program': '' } }, null],
  ['has a file in place of /etc', { tree: { etc: 'no directory\n' } }, 'files-as-they-claim'],
  [
    'has a directory in place of /etc/sudoers',
    withFile('etc/sudoers', { directory: true }),
    'user-becomes-root',
  ],
  [
    'has a file in place of /etc/sudoers.d',
    withFile('etc/sudoers.d', 'no directory\n'),
    'sudoers-directory-safe',
  ],
  [
    'has a fifo in place of a drop-in and of the bundle',
    {
      tree: baseWith({
        'etc/sudoers.d/fifo': { fifo: true },
        'etc/ssl': null,
        'etc/ssl/certs/ca-certificates.crt': { fifo: true },
      }),
    },
    null,
  ],
  [
    'has drop-ins that include each other',
    withFile('etc/sudoers.d/loop', dropIn('@include /etc/sudoers.d/loop\n')),
    'sudoers-lines-hold',
  ],
  [
    'has a drop-in that leads out of the image',
    withFile('etc/sudoers.d/out', { target: '../../../../../etc/shadow' }),
    null,
  ],
  [
    'has an os-release of ten megabytes',
    withFile('etc/os-release', Buffer.alloc(10 * 1024 * 1024, 'A=b\n')),
    'files-as-they-claim',
  ],
  [
    'has a sudoers file that is too large to be read',
    withFile('etc/sudoers', sudoers(Buffer.alloc(anything, '# nothing\n'))),
    'sudoers-one-include',
  ],
  [
    'has a certificate that is too large to be read',
    withFile('usr/local/share/ca-certificates/own.crt', Buffer.alloc(anything, 'A')),
    'ca-one-certificate-each',
  ],
  [
    'has passwd lines that are none',
    withFile('etc/passwd', 'root\n::::\n\u0000\nuser:x:1000:1000::/home/user:/bin/bash\n'),
    'files-as-they-claim',
  ],
];

describe('an image that', () => {
  it.each(awkward)('%s is judged all the same, by a check that says so', async (_, subject, id) => {
    const findings = await findingsOn({ ...subject, user: 'user' });
    for (const { failure } of findings) expect(failure?.class).not.toBe('platform');
    if (id === null) return;
    const finding = findings.find(({ check }) => check === id);
    expect(finding).toMatchObject({ status: 'failed', failure: { class: 'author' } });
  });

  it('has a hundred thousand lines of sudoers is judged in time', async () => {
    const lines = Array.from({ length: 100_000 }, (_, index) => `user${index} ALL=(ALL:ALL) ALL\n`);
    const startMs = performance.now();
    const findings = await findingsOn({
      tree: baseWith({ 'etc/sudoers': sudoers(lines.join('') + debian12) }),
    });
    expect(performance.now() - startMs).toBeLessThan(30_000);
    expect(findings.find(({ check }) => check === 'user-becomes-root')?.status).toBe('passed');
  });

  it.each([['my.user'], ['my user'], ['-user'], ['us\u00e9r'], ['1000'], ['']])(
    'has the user %j is not taken for one with a good name',
    async (user) => {
      const finding = await findingOn({ tree: goodBase, user }, 'user-name-valid');
      expect(finding.status).toBe('failed');
      const others = await findingsOn({ tree: goodBase, user });
      expect(others.find(({ check }) => check === 'user-becomes-root')?.status).toBe('failed');
    },
  );

  it('has a rule in Ashlar’s file for a name that is quoted is read as sudo reads it', async () => {
    const tree = baseWith({ 'etc/sudoers.d/zz-ashlar': dropIn(rule.replace('user', 'my\\.user')) });
    const finding = await findingOn({ tree }, 'user-exists');
    expect(finding.evidence).toEqual(['/etc/passwd has no my.user']);
  });
});

function withFile(path: string, sketch: Sketch): Subject {
  // With all that lies below it in the good base.
  const rest = baseWith({ [path]: null });
  return { tree: { ...rest, [path]: sketch } };
}
