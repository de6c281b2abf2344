import { describe, expect, it } from 'vitest';
import { memoryFiles, type MemoryFile } from '../../../base-images/files/memory-files.ts';
import { judgeSudoers } from '../../../base-images/sudoers/judge-sudoers.ts';
import type { SudoersQuestion } from '../../../base-images/sudoers/verdict.ts';

/** Answers that real builds gave, and that are other than one would think. */
const merged: Readonly<Record<string, MemoryFile | string>> = {
  'etc/passwd':
    'root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/sh\ndev:x:1234:1234::/:/bin/sh\nalice:x:1235:1235::/:/bin/sh\n',
  'etc/group': 'root:x:0:\nwww-data:x:33:\ndev:x:1234:\nalice:x:1235:\nops:x:2000:dev\n',
  'usr/bin/id': { mode: 0o755 },
  'usr/bin/ls': { mode: 0o755 },
  'usr/bin/.hidden': { mode: 0o755 },
  bin: { target: 'usr/bin' },
};
const split: Readonly<Record<string, MemoryFile | string>> = {
  ...merged,
  bin: { type: 'directory' },
  'bin/ls': { mode: 0o755 },
};

async function answers(
  lines: string,
  question: Partial<SudoersQuestion>,
  files = merged,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const version of ['1.9.5p2', '1.9.13p3', '1.9.17p2']) {
    const { allows } = await judgeSudoers({
      files: memoryFiles({ ...files, 'etc/sudoers': { content: `${lines}\n`, mode: 0o440 } }),
      engine: { provider: 'sudo', version },
      hostname: 'testhost',
      nowMs: Date.UTC(2026, 10, 22),
    });
    found[version] = await allows({ user: 'dev', command: ['/usr/bin/id', '-u'], ...question });
  }
  return found;
}

const all = (answer: string): Record<string, string> => ({
  '1.9.5p2': answer,
  '1.9.13p3': answer,
  '1.9.17p2': answer,
});

describe('wildcards in commands', () => {
  it.each([
    ['/*/ls', merged, 'nopasswd'],
    ['/*/ls', split, 'denied'],
    ['/b[hi]n/ls', merged, 'nopasswd'],
    ['/*/', merged, 'nopasswd'],
    ['/usr/*/', merged, 'nopasswd'],
    ['/usr/*/i?', merged, 'denied'],
    ['/usr/bin/[!i]*', merged, 'nopasswd'],
    ['/*/*/ls', merged, 'nopasswd'],
    ['/*/*/*/ls', merged, 'denied'],
  ])('%s is looked up among the files that there are', async (pattern, files, expected) => {
    const question = { command: ['/usr/bin/ls'] } as const;
    expect(await answers(`dev ALL=NOPASSWD: ${pattern}`, question, files)).toEqual(all(expected));
  });

  it('find no name that begins with a dot, but where the pattern does', async () => {
    const question = { command: ['/usr/bin/.hidden'] } as const;
    expect(await answers('dev ALL=NOPASSWD: /bin/*', question)).toEqual(all('denied'));
    expect(await answers('dev ALL=NOPASSWD: /bin/.h*', question)).toEqual(all('nopasswd'));
  });

  it('are compared as text with fast_glob: newer versions try where the directory lies as well', async () => {
    const lines = (pattern: string): string => `Defaults fast_glob\ndev ALL=NOPASSWD: ${pattern}`;
    const question = { command: ['/bin/ls'] } as const;
    const newer = { ...all('denied'), '1.9.17p2': 'nopasswd' };
    expect(await answers(lines('/usr/bin/l*'), question)).toEqual(newer);
    expect(await answers(lines('/*/ls'), question)).toEqual(all('nopasswd'));
    expect(await answers(lines('/*/'), question)).toEqual(all('denied'));
  });

  it('and regular expressions likewise', async () => {
    const line = 'dev ALL=NOPASSWD: ^/usr/bin/l.$';
    expect(await answers(line, { command: ['/bin/ls'] })).toMatchObject({
      '1.9.13p3': 'denied',
      '1.9.17p2': 'nopasswd',
    });
  });

  it('end at so many directories', async () => {
    const files = { ...merged };
    for (let index = 0; index < 2_000; index += 1) files[`srv/${index}/x`] = { mode: 0o755 };
    const question = { command: ['/srv/7/x'] } as const;
    const started = performance.now();
    expect(await answers('dev ALL=NOPASSWD: /srv/*/x', question, files)).toEqual(all('nopasswd'));
    await answers('dev ALL=NOPASSWD: /*/*/*/*/x', question, files);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

describe('settings that decide', () => {
  it.each([
    ['Defaults runas_default=www-data', 'nopasswd'],
    ['Defaults:dev runas_default=www-data', 'nopasswd'],
    ['Defaults:%ops runas_default=www-data', 'nopasswd'],
    ['Defaults@testhost runas_default=www-data', 'nopasswd'],
    ['Defaults>root runas_default=www-data', 'nopasswd'],
    ['Defaults:alice runas_default=www-data', 'denied'],
    ['Defaults!/usr/bin/id runas_default=www-data', 'nopasswd'],
    ['Defaults!/usr/bin/ls runas_default=www-data', 'denied'],
    ['Defaults runas_default=nobody-here', 'denied'],
  ])('%s: whom to run as where nobody is named', async (setting, expected) => {
    expect(await answers(`${setting}\ndev ALL=(www-data) NOPASSWD: ALL`, {})).toEqual(
      all(expected),
    );
  });

  it.each([
    ['Defaults case_insensitive_group', '%OPS', 'nopasswd'],
    ['Defaults match_group_by_gid', '%OPS', 'denied'],
    ['Defaults match_group_by_gid', '%ops', 'nopasswd'],
    ['Defaults match_group_by_gid', '%#2000', 'nopasswd'],
    ['Defaults:dev match_group_by_gid', '%OPS', 'denied'],
  ])('%s: %s', async (setting, group, expected) => {
    expect(await answers(`${setting}\n${group} ALL=(ALL) NOPASSWD: ALL`, {})).toEqual(
      all(expected),
    );
  });

  it('keep root from sudo, those for a command since 1.9.14', async () => {
    const rule = 'root ALL=(ALL:ALL) ALL';
    const asRoot = { user: 'root' } as const;
    expect(await answers(`Defaults !root_sudo\n${rule}`, asRoot)).toEqual(all('denied'));
    expect(await answers(`Defaults!/usr/bin/id !root_sudo\n${rule}`, asRoot)).toEqual({
      ...all('nopasswd'),
      '1.9.17p2': 'denied',
    });
  });

  it('hold for the entries after them', async () => {
    const entry = 'Defaults:DEV !authenticate\ndev ALL=(ALL) ALL';
    expect(await answers(entry, {})).toEqual(all('nopasswd'));
    const exact = `Defaults !case_insensitive_user\n${entry}`;
    expect(await answers(exact, {})).toEqual(all('password'));
  });
});

describe('users and groups to run as, by aliases', () => {
  const asGroup = { runAs: 'www-data', runAsGroup: 'ops' } as const;

  it('count as rules of their own before 1.9.14: user and group each hold within one alias', async () => {
    const alias = 'Runas_Alias WEB = www-data\ndev ALL=(WEB:ops) NOPASSWD: ALL';
    expect(await answers(alias, asGroup)).toEqual({ ...all('denied'), '1.9.17p2': 'nopasswd' });
    const named = 'dev ALL=(www-data:ops) NOPASSWD: ALL';
    expect(await answers(named, asGroup)).toEqual(all('nopasswd'));
  });

  it('forbid a group that is the target’s anyhow, where the alias has an exclamation mark', async () => {
    const lines = 'Runas_Alias OTHERS = www-data\ndev ALL=(:!OTHERS) NOPASSWD: ALL';
    expect(await answers(lines, { runAsGroup: 'ops' })).toEqual(all('denied'));
    expect(await answers('dev ALL=(:!www-data) NOPASSWD: ALL', { runAsGroup: 'ops' })).toEqual(
      all('nopasswd'),
    );
  });
});

describe('times', () => {
  it.each([
    ['20990101000', 'nopasswd', 'none'],
    ['2099010100000', 'nopasswd', 'none'],
    ['2099010100000Z', 'nopasswd', 'none'],
    ['20990101000000', 'nopasswd', 'nopasswd'],
    ['20990101', 'none', 'none'],
    ['2020010100000', 'denied', 'none'],
  ])('NOTAFTER=%s: before 1.9.6 the last part may have one digit', async (time, old, now) => {
    const found = await answers(`dev ALL=NOTAFTER=${time} NOPASSWD: ALL\nALL ALL=/usr/bin/no`, {});
    const expected = (word: string): string => (word === 'none' ? 'denied' : word);
    expect([found['1.9.5p2'], found['1.9.17p2']]).toEqual([expected(old), expected(now)]);
  });
});
