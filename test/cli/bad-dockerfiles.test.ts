import { chmod, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRoot } from '../support/scratch.ts';
import { type CliBench, type CliError, createCliBench, documentOf } from './cli-bench.ts';

const why = isRoot ? '' : 'needs root';
let bench: CliBench;

beforeAll(async () => {
  if (why === '') bench = await createCliBench();
});
afterAll(async () => {
  await bench?.requireClean();
  await bench?.[Symbol.asyncDispose]();
});

/** The exit code and the error of a build. */
async function failureOf(
  dockerfile: string,
  options: Parameters<CliBench['build']>[1] = {},
): Promise<CliError & { exitCode: number | null }> {
  const args = [...(options.args ?? []), '--output', 'json'];
  const result = await bench.build(dockerfile, { ...options, args });
  return { ...documentOf(result).error, exitCode: result.exitCode };
}

describe.skipIf(why !== '')(`a build of what cannot be built ${why}`, () => {
  it('has no Dockerfile, or something else in its place', async () => {
    const directory = await bench.context({ 'Dockerfile.txt': '', 'sub/Dockerfile/x': '' });
    for (const [args, path] of [
      [['build', '.'], 'Dockerfile'],
      [['build', '.', '-f', 'nowhere/file'], 'nowhere/file'],
      [['build', 'sub'], 'sub/Dockerfile'],
    ] as const) {
      const { exitCode, stdout, stderr } = await bench.run(args, { cwd: directory });
      expect([exitCode, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(
        new RegExp(`^error: ${path}: .*\n  code: dockerfile_missing; .*\n  next: Add a Dockerfile`),
      );
    }
  });

  it('is no directory', async () => {
    const directory = await bench.context({ file: '' });
    for (const path of ['file', 'nowhere']) {
      const { exitCode, stderr } = await bench.run(['build', path], { cwd: directory });
      expect([exitCode, stderr]).toEqual([
        2,
        expect.stringMatching(/^error: .*(?:file|nowhere)[\s\S]*invalid_request/),
      ]);
    }
  });

  it('has mistakes: all are told with their lines, and nothing runs', async () => {
    const result = await bench.build(`FROM base:test
RUN echo ran
COPI file /x
ENV "unclosed
RUN [ "not json" ]
COPY --from=later a /b
FROM base:test AS later
EXPOSE nowhere
`);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).not.toContain('#1');
    expect(result.stderr).toMatch(/^error: .*Dockerfile/);
    for (const line of [3]) expect(result.stderr).toContain(`Dockerfile:${line}: `);
    expect(result.stderr).toMatch(/COPI/);
    expect(result.stderr).toMatch(/code: dockerfile_parse_error; to act: .*\(author\)/);
    for (const [text, line, word] of [
      ['', 1, ''],
      ['RUN before FROM', 1, 'FROM'],
      ['FROM base:test\nCOPI a b', 2, 'COPY'],
      ['FROM base:test\nLABEL a="unclosed', 2, 'quote'],
      ['FROM base:test\nCOPY only', 2, 'COPY'],
      ['FROM base:test\nRUN <<EOF\nnever ends', 2, 'EOF'],
    ] as const) {
      const { exitCode, code, message, hint, data } = await failureOf(text);
      expect([text, exitCode, data['line']]).toEqual([text, 1, line]);
      expect(code).toBe('dockerfile_parse_error');
      expect(`${message}\n${hint}`).toContain(word);
    }
  });

  it('uses what is not supported: it is named, with its line, before anything runs', async () => {
    for (const [text, word] of [
      ['RUN --mount=type=secret,id=x true', '--mount'],
      ['RUN --security=insecure true', '--security'],
      ['ADD https://example.invalid/x /x', 'https://example.invalid/x'],
      ['COPY --link a /b', '--link'],
    ] as const) {
      const { exitCode, code, message } = await failureOf(
        `FROM base:test\nRUN echo ran\n${text}\n`,
      );
      if (text.includes('--link') && code !== 'dockerfile_unsupported') continue;
      expect([text, exitCode, code]).toEqual([text, 1, 'dockerfile_unsupported']);
      expect(message).toMatch(/Dockerfile:3: /);
      expect(message).toContain(word);
    }
  });

  it('copies what is not there, or is left out by .dockerignore', async () => {
    const context = { 'package.json': '{}', 'ignored.txt': '', '.dockerignore': 'ignored*' };
    const missing = await failureOf('FROM base:test\nCOPY pakage.json /', { context });
    expect(missing).toMatchObject({ exitCode: 1, code: 'copy_source_missing', data: { line: 2 } });
    expect(missing.message + missing.hint).toContain('package.json');
    const ignored = await failureOf('FROM base:test\nCOPY ignored.txt /', { context });
    expect(ignored).toMatchObject({ exitCode: 1, code: 'copy_source_missing' });
    expect(ignored.message).toContain('.dockerignore');
    const outside = await failureOf('FROM base:test\nCOPY ../etc/passwd /', { context });
    expect(outside).toMatchObject({ exitCode: 1, code: 'copy_source_missing' });
  });

  it('has files that cannot be read, or that go away', async () => {
    const context = await bench.context({ 'secret/file': 'x', other: 'y' });
    await chmod(join(context, 'secret/file'), 0);
    // Root without the right to read everything.
    const under = ['setpriv', '--bounding-set=-dac_override,-dac_read_search'];
    const unreadable = await failureOf('FROM base:test\nCOPY secret /s', { context, under });
    expect(unreadable).toMatchObject({ exitCode: 2, code: 'invalid_request' });
    expect(unreadable.message).toMatch(/cannot read secret\/file of the build context \(EACCES\)/);

    const vanishing = await bench.context({ z: 'z' });
    for (const name of ['a', 'b', 'c', 'd'])
      await writeFile(join(vanishing, name), Buffer.alloc(60_000_000, name));
    await writeFile(join(vanishing, 'Dockerfile'), 'FROM base:test\nCOPY . /all\n');
    const running = bench.start(['build', '.', '--output', 'json'], { cwd: vanishing });
    await running.said(/#1 \[/);
    await delay(30);
    await unlink(join(vanishing, 'z'));
    const result = await running.result;
    // It was gone before it was looked for, or afterwards.
    const how = result.exitCode === 0 ? 'left out' : describeError(documentOf(result).error);
    expect(['left out', 'invalid_request z']).toContain(how);
    await rm(vanishing, { recursive: true });
  });
});

function describeError({ code, data }: CliError): string {
  return `${code} ${String(data['path'])}`;
}
