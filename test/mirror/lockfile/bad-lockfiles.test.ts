import { describe, expect, it } from 'vitest';
import { AshlarError } from '../../../src/index.ts';
import { readLockfile } from '../../../mirror/lockfile/read-lockfile.ts';

const npmLock = JSON.stringify(
  {
    lockfileVersion: 3,
    packages: { 'node_modules/a': { version: '1.0.0', resolved: 'https://h.test/a' } },
  },
  null,
  2,
);
const pnpmLock =
  "lockfileVersion: '9.0'\n\npackages:\n\n  a@1.0.0:\n    resolution: {integrity: sha512-a}\n";
const yarnLock =
  '# yarn lockfile v1\n\n\na@^1:\n  version "1.0.0"\n  resolved "https://h.test/a#x"\n';
const berryLock =
  '__metadata:\n  version: 8\n\n"a@npm:^1":\n  version: 1.0.0\n  resolution: "a@npm:1.0.0"\n';
const bunLock =
  '{\n  "lockfileVersion": 1,\n  "workspaces": {},\n  "packages": {\n    "a": ["a@1.0.0", "", {}, "x"],\n  }\n}\n';

function failureOf(text: string, name: string): AshlarError {
  try {
    readLockfile(text, name);
  } catch (error) {
    if (error instanceof AshlarError) return error;
    throw error;
  }
  throw new TypeError(`${name} was read`);
}

describe('a lockfile', () => {
  it.each([
    [npmLock, 'package-lock.json', 'npm', '3'],
    [npmLock, 'node_modules/.package-lock.json', 'npm', '3'],
    [npmLock, 'saved.json', 'npm', '3'],
    [pnpmLock, 'pnpm-lock.yaml', 'pnpm', '9.0'],
    [pnpmLock, 'pnpm-lock.some-branch.yaml', 'pnpm', '9.0'],
    [`---\nlockfileVersion: '9.0'\n---\n${pnpmLock}`, 'saved', 'pnpm', '9.0'],
    [pnpmLock.replace("'9.0'", "'6.1'"), 'saved', 'pnpm', '6.1'],
    [yarnLock, 'yarn.lock', 'yarn-classic', '1'],
    [yarnLock, 'saved', 'yarn-classic', '1'],
    ['', 'yarn.lock', 'yarn-classic', '1'],
    [berryLock, 'yarn.lock', 'yarn-berry', '8'],
    [`\uFEFF${berryLock}`, 'yarn.lock', 'yarn-berry', '8'],
    [berryLock, 'saved', 'yarn-berry', '8'],
    [bunLock, 'bun.lock', 'bun', '1'],
    [bunLock, 'saved', 'bun', '1'],
  ])('is told by what it is: %#', (text, name, kind, version) => {
    expect(readLockfile(text, name)).toMatchObject({ kind, version });
  });

  it.each([
    ['{}', 'package-lock.json', 'no lockfileVersion'],
    ['{"lockfileVersion": "3"}', 'package-lock.json', 'no lockfileVersion'],
    ['[]', 'package-lock.json', 'no lockfileVersion'],
    ['<html>', 'package-lock.json', 'well-formed'],
    ['', 'package-lock.json', 'well-formed|empty'],
    ['', 'pnpm-lock.yaml', 'empty'],
    ['', 'bun.lock', 'well-formed|empty'],
    ['<html>\n</html>\n', 'yarn.lock', ''],
    ['a: b\n', 'pnpm-lock.yaml', 'no lockfileVersion'],
    ['{"lockfileVersion": 1, "packages": {"a": "b"}}', 'bun.lock', 'no package'],
    ['{"lockfileVersion": 1, "packages": {"a": []}}', 'bun.lock', 'no package'],
    ['{"lockfileVersion": 1, "dependencies": {"a": {}}}', 'package-lock.json', 'no version'],
    ['__metadata:\n  version: 8\n"a@npm:1":\n  version: 1\n', 'yarn.lock', 'resolution'],
    ['a@1:\n  resolved "https://h.test/a"\n', 'yarn.lock', 'no version'],
    ['a@1:\n  version "1"\n   x "y"\n', 'yarn.lock', 'indented'],
    ['a@1:\n  version "1\n', 'yarn.lock', 'a word'],
    ['a@1:\n  version "\\q"\n', 'yarn.lock', 'escape'],
    ['a@1:\n  version "1" "2"\n', 'yarn.lock', 'one value'],
    ['  version "1"\n', 'yarn.lock', 'without a package'],
    ['a@1\n', 'yarn.lock', 'colon'],
    ['a@1:\n  version "1"\na@1:\n  version "1"\n', 'yarn.lock', 'twice'],
    ['a@1:\n  version "1"\n  version "2"\n', 'yarn.lock', 'twice'],
    ['a@1:\n  version "1"\n  dependencies:\n    b "1"\n    b "2"\n', 'yarn.lock', 'twice'],
    [
      npmLock.replace('"version"', '"resolved": "https://evil.test/a", "version"'),
      'package-lock.json',
      'twice',
    ],
    [`${pnpmLock}\n  a@1.0.0:\n    resolution: {integrity: x}\n`, 'pnpm-lock.yaml', 'twice'],
  ])('is none: %#', (text, name, words) => {
    const { code, message } = failureOf(text, name);
    expect([code, message]).toEqual([
      'lockfile_invalid',
      expect.stringMatching(new RegExp(`^${name}:\\d+: .*(?:${words})`)),
    ]);
  });

  it.each([
    ['{"name": "x", "version": "1.0.0"}', 'package.json'],
    ['hello', 'README.md'],
  ])('is another file: %#', (text, name) => {
    const { code, message, hint } = failureOf(text, name);
    expect([code, message]).toEqual([
      'lockfile_unusable',
      `${name}: no lockfile of npm, pnpm, yarn or bun`,
    ]);
    expect(hint).toMatch(/package-lock\.json.*pnpm-lock\.yaml.*yarn\.lock.*bun\.lock/);
  });

  it.each([
    ['lockfileVersion: 5.4\n', 'pnpm-lock.yaml', '5.4', 'pnpm install --lockfile-only'],
    ["lockfileVersion: '5.4-inlineSpecifiers'\n", 'pnpm-lock.yaml', '5.4-inline', 'pnpm 8'],
    ["lockfileVersion: '10.0'\n", 'pnpm-lock.yaml', '10.0', 'supported'],
    ['{"lockfileVersion": 4}', 'package-lock.json', '4', 'supported'],
    ['{"lockfileVersion": 99, "packages": {}}', 'bun.lock', '99', 'supported'],
    [
      '#!/usr/bin/env bun\nbun-lockfile-format-v0\n\0\0',
      'bun.lockb',
      'binary',
      'save-text-lockfile',
    ],
    ['#!/usr/bin/env bun\nbun-lockfile-format-v0\n\0\0', 'saved', 'binary', 'save-text-lockfile'],
  ])('is of a form that is not supported: %#', (text, name, words, mend) => {
    const { code, message, hint } = failureOf(text, name);
    expect([code, message, hint]).toEqual([
      'lockfile_unsupported',
      expect.stringContaining(words),
      expect.stringContaining(mend),
    ]);
  });

  it.each([
    [npmLock.replace('  "packages"', '<<<<<<< HEAD\n  "packages"'), 'package-lock.json', 3],
    [`${pnpmLock}=======\n>>>>>>> branch\n`, 'pnpm-lock.yaml', 8],
    [yarnLock.replace('a@^1', '||||||| base\r\na@^1'), 'yarn.lock', 4],
  ])('has a merge conflict, named with its line: %#', (text, name, line) => {
    const { code, message, hint, data } = failureOf(text, name);
    expect([code, message]).toEqual([
      'lockfile_invalid',
      `${name}:${line}: a merge conflict that is not resolved`,
    ]);
    expect(hint).toContain('Resolve');
    expect(data['line']).toBe(line);
  });

  it.each([
    ['package-lock.json', npmLock],
    ['bun.lock', bunLock.trimEnd()],
  ])('%s is refused wherever it is cut off', (name, text) => {
    for (let length = 0; length < text.length; length += 1) {
      expect(failureOf(text.slice(0, length), name).code).toBe('lockfile_invalid');
    }
  });

  it.each([
    ['pnpm-lock.yaml', pnpmLock, 1],
    ['yarn.lock', yarnLock, 2],
    ['yarn.lock', berryLock, 3],
  ])('%s, cut off anywhere, is refused or has what is left', (name, text) => {
    const whole = readLockfile(text, name).entries.length;
    let refused = 0;
    for (let length = 0; length < text.length; length += 1) {
      try {
        expect(readLockfile(text.slice(0, length), name).entries.length).toBeLessThanOrEqual(whole);
      } catch (error) {
        expect(error).toMatchObject({ code: 'lockfile_invalid' });
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(text.length / 4);
  });

  it('is read in time that grows with its size alone, whatever is in it', () => {
    const many = 300_000;
    for (const [text, name] of [
      [
        `${Array.from({ length: many }, (_none, index) => `a@${index}`).join(', ')}:\n  version "1"\n`,
        'yarn.lock',
      ],
      [
        `__metadata:\n  version: 8\n"a@npm:1":\n  resolution: "a@npm:1${'::x&'.repeat(many)}"\n`,
        'yarn.lock',
      ],
      [
        `__metadata:\n  version: 8\n"a@npm:1":\n  resolution: "a@patch:${'%3A%3A&%26'.repeat(many)}"\n`,
        'yarn.lock',
      ],
      [`${pnpmLock}${'\n \n'.repeat(many)}`, 'pnpm-lock.yaml'],
      [`lockfileVersion: '9.0'\nx: [${'a, '.repeat(4 * many)}]\n`, 'pnpm-lock.yaml'],
      [`lockfileVersion: '9.0'\nx: "${String.raw`\\`.repeat(many)}"\n`, 'pnpm-lock.yaml'],
      [`lockfileVersion: '9.0'\nx: ${'- '.repeat(150)}${'a '.repeat(many)}\n`, 'pnpm-lock.yaml'],
    ] as const) {
      const before = process.cpuUsage();
      try {
        readLockfile(text, name);
      } catch (error) {
        expect(error).toBeInstanceOf(AshlarError);
      }
      expect(process.cpuUsage(before).user / 1000).toBeLessThan(5000);
    }
  });
});
