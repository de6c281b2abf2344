import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  type IgnoreVerdict,
  judgePath,
  parseIgnoreRules,
} from '../../../builder/context/ignore-rules.ts';
import { loadIgnoreRules } from '../../../builder/context/load-ignore-rules.ts';

const path = '.dockerignore';

/** Whether a path is ignored, asked as a walk would ask: from the top. */
function ignores(patterns: string, file: string): boolean {
  const rules = parseIgnoreRules(Buffer.from(patterns), { path });
  let verdict: IgnoreVerdict | undefined;
  const parts = file.split('/');
  for (let length = 1; length <= parts.length; length += 1) {
    verdict = judgePath(rules, parts.slice(0, length).join('/'), verdict);
  }
  return verdict?.ignored ?? false;
}

function parse(text: string): unknown {
  return parseIgnoreRules(Buffer.from(text), { path });
}

describe('patterns', () => {
  it.each([
    // Plain names, with all that cleaning takes out.
    ['file', 'file', true],
    ['file', 'dir/file', false],
    ['dir', 'dir/a/b', true],
    ['/dir', 'dir/a', true],
    ['dir/', 'dir/a', true],
    ['./dir//a/../b', 'dir/b', true],
    ['  file  ', 'file', true],
    ['../file', 'file', false],
    ['.', 'file', false],
    ['/', 'file', false],
    ['File', 'file', false],
    // Comments, and the byte order mark.
    ['# file', 'file', false],
    ['#file\nother', '#file', false],
    ['\\#file', '#file', true],
    ['\ufefffile', 'file', true],
    ['file\r\nother\r\n', 'other', true],
    // One star stays within a directory, and what it matches takes all below it along.
    ['*', 'a/b', true],
    ['*.log', 'a.log', true],
    ['*.log', 'dir/a.log', false],
    ['*/*.log', 'dir/a.log', true],
    ['*/*.log', 'dir/sub/a.log', false],
    ['d?r', 'dir/x', true],
    ['[a-c]', 'b/x', true],
    ['[^a-c]', 'b', false],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    // Characters that mean something in regular expressions mean nothing here.
    ['a.c', 'abc', false],
    ['a+(b)|{c}$', 'a+(b)|{c}$', true],
    // Two stars go through directories.
    ['**', 'a/b', true],
    ['**/file', 'file', true],
    ['**/file', 'a/b/file', true],
    ['**/file', 'a/xfile', false],
    ['**file', 'a/xfile', true],
    ['**/*.go', 'a.go', true],
    ['**/*.go', 'a/b/c.go', true],
    ['**/node_modules', 'a/node_modules/b/c', true],
    ['a/**', 'a', false],
    ['a/**', 'a/b/c', true],
    ['a/**/z', 'a/z', true],
    ['a/**/z', 'a/b/c/z', true],
    ['a/**/z', 'a/b/c/y', false],
    ['a**', 'abc/d', true],
    ['**/a/**', 'x/a/b', true],
    ['**/a/**', 'x/a', false],
    // Exceptions: the last rule that matches decides.
    ['*\n!keep', 'keep', false],
    ['*\n!keep', 'keep/below', false],
    ['!keep\n*', 'keep', true],
    ['dir\n!dir/keep', 'dir/keep', false],
    ['dir\n!dir/keep', 'dir/other', true],
    ['*.md\n!README*.md\nREADME-secret.md', 'README-secret.md', true],
    ['*.md\n!README*.md\nREADME-secret.md', 'README-x.md', false],
    ['**\n!**/*.go', 'a/b.go', false],
    ['dir\n! dir/keep', 'dir/keep', false],
    ['!file', 'file', false],
    // Names of other languages.
    ['*.grü?', 'x.grün', true],
  ])('%j on %s: %j', (patterns, file, expected) => {
    expect(ignores(patterns, Buffer.from(file).toString('latin1'))).toBe(expected);
  });

  it('match bytes that are no UTF-8', () => {
    const rules = parseIgnoreRules(Buffer.from([0x61, 0xff, 0x2a]), { path });
    expect(judgePath(rules, 'a\xff!', undefined).ignored).toBe(true);
    expect(judgePath(rules, 'a\xfe!', undefined).ignored).toBe(false);
  });

  it.each([
    ['a\n[', 2],
    ['!', 1],
    ['\n\n!  ', 3],
    ['!/', 1],
    ['a\\', 1],
    ['x[]', 1],
  ])('%j is refused with its line', (patterns, line) => {
    expect(() => parseIgnoreRules(Buffer.from(patterns), { path })).toThrow(
      expect.objectContaining({ code: 'dockerfile_parse_error', data: { path, line } }),
    );
  });

  it('of more than 1 MiB or 10,000 are refused', () => {
    expect(() => parse('a'.repeat(1024 * 1024 + 1))).toThrow(/1048576 bytes/);
    expect(() => parse('a\n'.repeat(10_001))).toThrow(/10000 patterns/);
  });
});

describe('the file of the rules', () => {
  it('is the one of the Dockerfile, else the one of the context, else none', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'ashlar-ignore-'));
    try {
      const place = { context: directory, dockerfile: join(directory, 'web.Dockerfile') };
      expect((await loadIgnoreRules(place)).rules).toEqual([]);
      await writeFile(join(directory, '.dockerignore'), 'a\n');
      expect(await loadIgnoreRules(place)).toMatchObject({
        path: '.dockerignore',
        rules: [{ pattern: 'a' }],
      });
      await writeFile(join(directory, 'web.Dockerfile.dockerignore'), 'b\n');
      expect(await loadIgnoreRules(place)).toMatchObject({
        path: 'web.Dockerfile.dockerignore',
        rules: [{ pattern: 'b' }],
      });
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('is not read where it is no regular file, or too large', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'ashlar-ignore-'));
    const file = join(directory, '.dockerignore');
    const failing = (): Promise<unknown> =>
      loadIgnoreRules({ context: directory, dockerfile: join(directory, 'Dockerfile') });
    try {
      await promisify(execFile)('mkfifo', [file]);
      await expect(failing()).rejects.toMatchObject({
        code: 'invalid_request',
        message: expect.stringMatching(/\.dockerignore is not a regular file$/) as string,
      });
      await rm(file);
      await symlink('.dockerignore', file);
      await expect(failing()).rejects.toMatchObject({
        code: 'invalid_request',
        message: expect.stringMatching(/cannot be read \(ELOOP\)$/) as string,
      });
      await rm(file);
      await writeFile(file, '');
      await truncate(file, 2 ** 40);
      await expect(failing()).rejects.toMatchObject({ code: 'dockerfile_parse_error' });
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
