import { describe, expect, it } from 'vitest';
import { debianSketch, planned, setUp, setUpSketch, stored, textAt } from './support/set-up.ts';

const sudo = {
  ...debianSketch,
  'usr/bin/sudo': { content: 'sudo', mode: 0o4755 },
  'etc/sudoers': { content: 'root ALL=(ALL:ALL) ALL\n#includedir /etc/sudoers.d\n', mode: 0o440 },
};
const dropIn = 'etc/sudoers.d/zz-ashlar';

describe('the rule for sudo', () => {
  it('has a file of its own that every sudo reads', async () => {
    const { files } = await setUpSketch(sudo);
    expect(await textAt(files, dropIn)).toMatch(/^#[^\n]*\nuser ALL=\(ALL:ALL\) NOPASSWD: ALL\n$/);
    expect(await files.at(dropIn)).toMatchObject({ type: 'file', mode: 0o440, uid: 0, gid: 0 });
    expect(await files.at('etc/sudoers.d')).toMatchObject({ mode: 0o755, uid: 0, gid: 0 });
    expect(await textAt(files, 'etc/sudoers')).toBe(sudo['etc/sudoers'].content);
  });

  it.each([
    ['no include', 'root ALL=(ALL:ALL) ALL\n'],
    ['no include and no line end', 'root ALL=(ALL:ALL) ALL'],
    ['the include in a comment', '# #includedir /etc/sudoers.d\n'],
    ['an include of another directory', '@includedir /etc/other.d\n'],
    ['nothing in it', ''],
  ])(
    'is not given where /etc/sudoers has %s: its author is told what to add',
    async (_, content) => {
      const base = await stored({ ...sudo, 'etc/sudoers': { content, mode: 0o440 } });
      const { files, plan } = await setUp(base);
      expect(await textAt(files, 'etc/sudoers')).toBe(content);
      expect(await files.at('etc/sudoers.d')).toBeNull();
      expect(plan.notes).toContainEqual(
        expect.objectContaining({
          step: 'sudoers',
          kind: 'skipped',
          why: expect.stringContaining('`#includedir /etc/sudoers.d`'),
        }),
      );
    },
  );

  it.each([
    [
      { mode: 0o750, uid: 0, gid: 0 },
      { mode: 0o750, uid: 0, gid: 0 },
    ],
    [
      { mode: 0o775, uid: 0, gid: 0 },
      { mode: 0o775, uid: 0, gid: 0 },
    ],
    [
      { mode: 0o777, uid: 0, gid: 0 },
      { mode: 0o755, uid: 0, gid: 0 },
    ],
    [
      { mode: 0o775, uid: 0, gid: 9 },
      { mode: 0o755, uid: 0, gid: 0 },
    ],
    [
      { mode: 0o755, uid: 9, gid: 9 },
      { mode: 0o755, uid: 0, gid: 0 },
    ],
  ])('is in a directory that sudo trusts: %j becomes %j', async (before, after) => {
    const directory = { directory: true, ...before } as const;
    const { files } = await setUpSketch({ ...sudo, 'etc/sudoers.d': directory });
    expect(await files.at('etc/sudoers.d')).toMatchObject(after);
  });

  it('is left out where something else has the name of the directory', async () => {
    const { plan } = await planned(await stored({ ...sudo, 'etc/sudoers.d': 'a file' }));
    expect(plan.notes).toContainEqual(
      expect.objectContaining({ step: 'sudoers', what: '/etc/sudoers.d of the image is a file' }),
    );
    expect(plan.changes.some(({ step }) => step === 'sudoers')).toBe(false);
  });

  it('waits for sudo where the image has none', async () => {
    const { plan, files } = await setUpSketch(debianSketch);
    expect(await files.at(dropIn)).not.toBeNull();
    expect(plan.notes).toContainEqual(expect.objectContaining({ what: 'the image has no sudo' }));
  });

  it('takes the place of another content, mode and owner, also where that is a link', async () => {
    const target = { target: '/etc/passwd' };
    const { files } = await setUpSketch({ ...sudo, [dropIn]: target });
    expect(await files.at(dropIn)).toMatchObject({ type: 'file', mode: 0o440 });
    expect(await textAt(files, 'etc/passwd')).not.toContain('NOPASSWD');
    const open = { content: 'x', mode: 0o666, uid: 7 };
    const { files: mended } = await setUpSketch({ ...sudo, [dropIn]: open });
    expect(await mended.at(dropIn)).toMatchObject({ mode: 0o440, uid: 0 });
  });

  it.each([
    { line: '#includedir /etc/sudoers.d', old: 'read', now: 'read', rust: 'read' },
    { line: '#includedir "/etc/sudoers.d"', old: 'read', now: 'read', rust: 'read' },
    { line: '#includedir sudoers.d', old: 'read', now: 'read', rust: 'read' },
    { line: '@includedir /etc/sudoers.d', old: 'locked out', now: 'read', rust: 'read' },
    { line: ' @includedir /etc/sudoers.d', old: 'locked out', now: 'read', rust: 'read' },
    { line: '@includedir sudoers.d', old: 'locked out', now: 'read', rust: 'read' },
    { line: '@includedir //etc/sudoers.d', old: 'locked out', now: 'read', rust: 'read' },
    { line: '@includedir /etc/sudoers.d # x', old: 'locked out', now: 'read', rust: 'unread' },
    { line: '@includedir /etc/sudoers\\.d', old: 'locked out', now: 'read', rust: 'unread' },
    { line: ' #includedir /etc/sudoers.d', old: 'unread', now: 'unread', rust: 'read' },
    { line: '@include more', old: 'locked out', now: 'read', rust: 'read' },
    { line: '@includedir /etc/rules', old: 'locked out', now: 'read', rust: 'read' },
  ] as const)('is given where the sudo of the image reads it: $line', async (spelling) => {
    const { line, ...expected } = spelling;
    const content = `root ALL=(ALL:ALL) ALL\n${line}\n`;
    const found = {
      old: await outcome(content, packageOf('sudo', '1.8.21p2-3ubuntu1')),
      now: await outcome(content, packageOf('sudo', '1.9.15p5-3ubuntu5')),
      rust: await outcome(content, packageOf('sudo-rs', '0.2.8-1')),
    };
    expect(found).toEqual(expected);
  });

  it.each([
    [
      'locks everybody out',
      'etc/sudoers.d/50-bad',
      'garbage here\n',
      'found',
      /^sudo works for nobody: \/etc\/sudoers\.d\/50-bad:1: syntax error$/,
      /^Mend line 1 of \/etc\/sudoers\.d\/50-bad, or remove it/,
    ],
    [
      'comes after it',
      'etc/sudoers.d/zzz',
      'user ALL=(ALL) ALL\n',
      'skipped',
      /^the rule for user does not hold$/,
      /another rule/,
    ],
  ])(
    "that does not hold is named: a file of the image's own %s",
    async (_, path, text, kind, what, why) => {
      const { plan } = await planned(
        await stored({
          ...sudo,
          ...packageOf('sudo', '1.8.21p2-3ubuntu1'),
          [path]: { content: text, mode: 0o440 },
        }),
      );
      expect(plan.notes).toContainEqual({
        step: 'sudoers',
        kind,
        what: expect.stringMatching(what),
        why: expect.stringMatching(why),
      });
    },
  );

  it("holds, and lines of the image's own that sudo leaves out are named: the first five of many", async () => {
    const { plan } = await planned(
      await stored({
        ...sudo,
        ...packageOf('sudo', '1.9.15p5-3ubuntu5'),
        'etc/sudoers.d/50-bad': { content: 'garbage here\n'.repeat(9), mode: 0o440 },
        'etc/sudoers.d/60-open': { content: '', mode: 0o666 },
      }),
    );
    expect(plan.changes.some(({ path }) => path === dropIn)).toBe(true);
    const found = plan.notes.filter(({ kind }) => kind === 'found');
    expect(found.map(({ what }) => what)).toEqual([
      ...[1, 2, 3, 4, 5].map(
        (line) => `sudo leaves something out: /etc/sudoers.d/50-bad:${line}: syntax error`,
      ),
      'sudo complains of 5 more lines',
    ]);
  });
});

function packageOf(name: string, version: string) {
  const words = ['Status: install ok installed', 'Architecture: amd64', `Version: ${version}`];
  return {
    'var/lib/dpkg/status': `Package: ${name}\n${words.join('\n')}\n`,
    [`var/lib/dpkg/info/${name}.list`]: '/.\n/usr/bin/sudo\n',
  };
}

/** What becomes of the rule: it is read, or is not written, as it would not be, or nobody has any. */
async function outcome(content: string, engine: ReturnType<typeof packageOf>): Promise<string> {
  const { plan } = await planned(
    await stored({
      ...sudo,
      ...engine,
      'etc/sudoers': { content, mode: 0o440 },
      'etc/more': { content: '#includedir /etc/sudoers.d\n', mode: 0o440 },
      'etc/rules': { target: 'sudoers.d' },
    }),
  );
  const words = plan.notes
    .filter(({ step }) => step === 'sudoers')
    .map(({ kind, what }) => `${kind}: ${what}`);
  if (words.some((word) => word.startsWith('found: sudo works for nobody: '))) return 'locked out';
  const isWritten = plan.changes.some(({ path }) => path === dropIn);
  const isRefused = words.some((word) => word.startsWith('skipped: /etc/sudoers includes no '));
  if (isWritten === isRefused) throw new Error(words.join('\n'));
  return isWritten ? 'read' : 'unread';
}
