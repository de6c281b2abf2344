import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliBench, createCliBench, documentOf, whyNoSteps } from './cli-bench.ts';

let bench: CliBench;

beforeAll(async () => {
  if (whyNoSteps === '') bench = await createCliBench();
});
afterAll(async () => {
  await bench?.requireClean();
  await bench?.[Symbol.asyncDispose]();
});

const digest = 'blake3:[0-9a-f]{64}';

describe.skipIf(whyNoSteps !== '')(`ashlar build on the terminal ${whyNoSteps}`, () => {
  const dockerfile = `FROM base:test AS first
ARG NAME=world
RUN echo "hello $NAME"; printf 'no newline' >&2
FROM first
ENV A=1
COPY file /copied/
RUN printf '\\033[31mred\\033[0m\\rover\\n'; cat /copied/file
`;
  const context = { file: 'content\n' };

  it('says what it does on stderr, and on stdout only digest and tags', async () => {
    const args = ['-t', 'face', '-t', 'team/face:v2', '--progress', 'plain'];
    const { exitCode, stdout, stderr } = await bench.build(dockerfile, { context, args });
    expect([exitCode, stderr]).toEqual([0, expect.any(String)]);
    expect(stdout).toMatch(new RegExp(`^${digest}\nface:latest\nteam/face:v2\n$`));
    const time = '\\d+\\.\\d{3}';
    const lines = [
      'building 5 steps of the stages first, 1',
      `base base:test from the store: ${digest}`,
      '#1 \\[first 1/5\\] ARG NAME=world',
      '#1 DONE \\(config\\)',
      `#2 \\[first 2/5\\] RUN echo "hello \\$NAME"; .*`,
      `#2 ${time} hello world`,
      `#2 ${time} no newline`,
      '#2 DONE \\d+\\.\\d+s',
      '#3 \\[1 3/5\\] ENV A=1',
      '#3 DONE \\(config\\)',
      '#4 \\[1 4/5\\] COPY file /copied/',
      '#4 DONE \\d+\\.\\d+s',
      '#5 \\[1 5/5\\] RUN printf .*',
      `#5 ${time} over`,
      `#5 ${time} content`,
      '#5 DONE \\d+\\.\\d+s',
      'setup: \\d+ changes; the user is node \\(uid 1000\\)',
      'time: \\d+\\.\\d+s = .*exec \\d.* \\+ unexplained \\d+\\.\\d+s \\(\\d+ %\\)',
      '',
    ];
    expect(stderr).toMatch(new RegExp(`^${lines.join('\n')}$`));
    const again = await bench.build(dockerfile, { context, args });
    expect(again.stdout).toBe(stdout);
    expect(again.stderr.match(/^#\d (?:CACHED|DONE \(config\))$/gm)).toEqual([
      '#1 DONE (config)',
      '#2 CACHED',
      '#3 DONE (config)',
      '#4 CACHED',
      '#5 CACHED',
    ]);
    const automatic = await bench.build(dockerfile, { context, args: ['-t', 'face'] });
    expect(automatic.stderr).not.toContain('\u001b');
    expect(automatic.stderr).toContain('\n#2 CACHED\n');
  });

  it('explains where its time went, but for less than 15 percent', async () => {
    const args = ['--output', 'json', '--no-cache'];
    const result = await bench.build(dockerfile, { context, args });
    const { ledger } = documentOf(result);
    expect(ledger.unexplainedMs / ledger.wallMs).toBeLessThan(0.15);
    const [, share] = /unexplained \S+ \((\d+) %\)\n$/.exec(result.stderr) ?? [];
    expect(Number(share)).toBeLessThan(15);
  });

  it('speaks JSON to programs: events on stderr, one document on stdout', async () => {
    const args = ['--progress', 'json', '--output', 'json', '-t', 'face:json', '--no-cache'];
    const result = await bench.build(dockerfile, { context, args });
    const document = documentOf(result);
    expect(document).toMatchObject({
      digest: expect.stringMatching(new RegExp(`^${digest}$`)) as string,
      tags: ['face:json'],
      diskBytes: 256 * 1024 ** 2,
      steps: { total: 5, cached: 0, executed: 3 },
      newStoredBytes: expect.any(Number) as number,
      ledger: { byKind: { exec: expect.any(Number) as number } },
    });
    const lines = result.stderr.trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line) as { kind: string; chunk?: string });
    expect(new Set(events.map(({ kind }) => kind))).toEqual(
      new Set(['plan', 'base', 'step-start', 'step-output', 'step-end', 'end']),
    );
    const output = events.map(({ chunk = '' }) => chunk).join('');
    expect(output).toContain('hello world\n');
    const failed = await bench.build('FROM base:test\nRUN false', {
      args: ['--progress', 'json', '--output', 'json'],
    });
    const { error } = documentOf(failed);
    expect(error).toMatchObject({ code: 'step_failed', class: 'author', data: { line: 2 } });
    const last = failed.stderr.trimEnd().split('\n').at(-1) ?? '';
    expect(JSON.parse(last)).toMatchObject({ kind: 'step-failed', code: 'step_failed' });
  });

  it('shows a failed step with its lines, its last output, the code and what to do next', async () => {
    const failing = `FROM base:test
RUN echo first; \\
    echo second; printf third; \\
    exit 7
`;
    const { exitCode, stdout, stderr } = await bench.build(failing, { args: ['-t', 'failing'] });
    expect([exitCode, stdout]).toEqual([1, '']);
    const [, block = ''] = /(error: [\s\S]*)$/.exec(stderr) ?? [];
    expect(stderr).toMatch(/^#1 \d+\.\d+ third\n#1 ERROR step_failed \d+\.\d+s$/m);
    const [parent = ''] = /blake3:[0-9a-f]{64}/.exec(block) ?? [];
    expect(block.split('\n')).toEqual([
      'error: Dockerfile:2: the command ended with exit code 7: RUN echo first; \\',
      '    2 | RUN echo first; \\',
      '    3 |     echo second; printf third; \\',
      '    4 |     exit 7',
      '  last output:',
      '    first',
      '    second',
      '    third',
      '  code: step_failed; to act: the author of the Dockerfile (author)',
      `  next: Look at the image that the command ran on: ashlar boot ${parent} -- sh -c 'COMMAND'`,
      '',
    ]);
    expect((await bench.run(['image', 'inspect', parent])).exitCode).toBe(0);
    expect((await bench.run(['image', 'inspect', 'failing'])).exitCode).toBe(2);
  });

  it('lets no text of a Dockerfile or a command steer the terminal', async () => {
    const escape = '\u001b[2J';
    const hostile = `FROM base:test\r\nRUN echo ${escape}x; printf '\\033[2Jy\\a'; exit 1\r\n`;
    for (const text of [hostile, `FROM base:test\nCOPY ${escape}z /\n`, `FROM ${escape}\n`]) {
      const { exitCode, stdout, stderr } = await bench.build(text);
      expect([exitCode === 0, stdout]).toEqual([false, '']);
      expect(stderr).toMatch(/^error: /m);
      expect(stderr.split('').filter((one) => one < ' ' && one !== '\n' && one !== '\t')).toEqual(
        [],
      );
    }
  });

  it('warns, and goes on', async () => {
    const { exitCode, stderr } = await bench.build(
      'FROM base:test\nENV OLD form\nMAINTAINER me\n',
      {
        args: ['--build-arg', 'NOBODY=asked', '--build-arg', 'NOT_IN_ENVIRONMENT'],
      },
    );
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(
      /^warning: --build-arg NOT_IN_ENVIRONMENT: the environment has no NOT_IN_ENVIRONMENT, .*$/m,
    );
    expect(stderr).toMatch(/^warning: Dockerfile:2: .* \(LegacyKeyValueFormat\)$/m);
    expect(stderr).toMatch(
      /^warning: Dockerfile:1: the build argument NOBODY is not declared .*$/m,
    );
  });

  it('takes another Dockerfile, build arguments of the environment, and a --target', async () => {
    const directory = await bench.context({
      'sub/other.Dockerfile': 'FROM base:test AS a\nARG V\nRUN echo "v is $V"\nFROM a\nRUN false\n',
      'sub/other.Dockerfile.dockerignore': '*',
    });
    const result = await bench.run(
      [
        'build',
        directory,
        '-f',
        join(directory, 'sub/other.Dockerfile'),
        '--build-arg',
        'V',
        '--target',
        'a',
        '--network',
        'none',
      ],
      { env: { V: 'from outside' } },
    );
    expect([result.exitCode, result.stderr]).toEqual([
      0,
      expect.stringContaining('v is from outside'),
    ]);
    const broken = await bench.run(['build', directory, '-f', 'sub/other.Dockerfile'], {
      cwd: directory,
    });
    expect(broken.stderr).toContain('error: sub/other.Dockerfile:5: ');
  });

  it('refuses what makes no sense before it builds anything', async () => {
    const cases: readonly (readonly [string[], number, string])[] = [
      [['-t', 'Not A Name'], 2, 'reference_invalid'],
      [['--disk', 'large'], 2, 'config_invalid'],
      [['--build-arg', '=x'], 2, 'invalid_request'],
      [['--pids', '0'], 2, 'invalid_request'],
      [['--progress', 'fancy'], 2, 'invalid_request'],
      [['--target', 'nowhere'], 2, 'invalid_request'],
      [['--ca-file', '/nowhere.pem'], 2, 'config_invalid'],
      [['--ca-file', '/dev/zero'], 2, 'config_invalid'],
      [['--store', 'ftp://x'], 2, 'store_url_invalid'],
      [['more', 'contexts'], 2, 'invalid_request'],
    ];
    for (const [args, exitCode, code] of cases) {
      const result = await bench.build('FROM base:test\nRUN echo ran', {
        args: [...args, '--output', 'json', '--no-cache'],
      });
      expect([args, result.exitCode, documentOf(result).error.code]).toEqual([
        args,
        exitCode,
        code,
      ]);
      expect(result.stderr).not.toContain('ran');
    }
  });
});
