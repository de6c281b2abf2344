import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ociRuntimes } from '../../../builder/run/container.ts';
import { withRunStep } from '../../../builder/run/run-step.ts';
import { findTool } from '../../../builder/run/tool-environment.ts';
import {
  createBench,
  failureOf,
  leftovers,
  runStep,
  shellStep,
  whyNoSteps,
  type Bench,
} from './fixture.ts';

let bench: Bench;
let disk: string;

beforeAll(async () => {
  if (whyNoSteps !== '') return;
  bench = await createBench();
  disk = await bench.disk('plain');
});

afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

describe.skipIf(whyNoSteps !== '')(`a step's command ${whyNoSteps}`, () => {
  it.for(ociRuntimes)(
    'gives its exit code, its output and what it cost, by %s',
    async (runtime, { skip }) => {
      skip((await findTool(runtime)) === undefined, `needs ${runtime}`);
      const options = shellStep(bench, disk, 'echo out; echo err >&2; exit 7', {
        tools: { runtime },
      });
      const { step, stdout, stderr } = await runStep(options);
      expect({ exitCode: step.exitCode, stdout, stderr }).toEqual({
        exitCode: 7,
        stdout: 'out\n',
        stderr: 'err\n',
      });
      expect(step.unenforcedLimits).toEqual([]);
      expect(step.output).toEqual({ bytes: 8, cut: false });
      expect(step.usage.peakMemoryBytes).toBeGreaterThan(0);
      expect(step.timings.execMs).toBeGreaterThan(0);
      expect(await leftovers(bench)).toEqual([]);
    },
  );

  it('reports the signal that ended it', async () => {
    const { step } = await runStep({
      ...shellStep(bench, disk, ''),
      argv: ['/bin/sh', '-c', 'ulimit -t 1; while :; do :; done'],
    });
    expect([step.exitCode, step.signalNumber]).toEqual([137, 9]);
  });

  it('waits for a command that closes its output', async () => {
    const { step } = await runStep(
      shellStep(bench, disk, 'exec > /dev/null 2>&1; sleep 0.5; exit 3'),
    );
    expect(step.exitCode).toBe(3);
    expect(step.timings.execMs).toBeGreaterThan(500);
  });

  it('has nothing on stdin, and pipes that can be opened again as another user', async () => {
    const script = 'wc -c; echo again > /dev/stdout; test -p /dev/stdout && echo pipe';
    const { stdout } = await runStep(shellStep(bench, disk, script, { user: 'node' }));
    expect(stdout).toBe('0\nagain\npipe\n');
  });

  it('gets its environment, with HOME and PATH where they are missing', async () => {
    const script = 'echo "$HOME|$PATH|$A"';
    const env = { A: 'a=b "c"\nd' };
    const first = await runStep(shellStep(bench, disk, script, { env, user: 'node' }));
    expect(first.stdout).toBe(
      '/home/node|/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin|a=b "c"\nd\n',
    );
    const own = { A: '', HOME: '/x', PATH: '/bin' };
    const second = await runStep(shellStep(bench, disk, script, { env: own }));
    expect(second.stdout).toBe('/x|/bin|\n');
  });

  it.each([
    ['', 'uid=0(root) gid=0(root) groups=0(root),2000(extra)'],
    ['node', 'uid=1000(node) gid=1000(node) groups=29(audio),1000(node),2000(extra)'],
    ['1000', 'uid=1000(node) gid=1000(node) groups=29(audio),1000(node),2000(extra)'],
    ['node:audio', 'uid=1000(node) gid=29(audio) groups=29(audio)'],
    ['1000:2000', 'uid=1000(node) gid=2000(extra) groups=2000(extra)'],
    ['4321', 'uid=4321 gid=0(root) groups=0(root)'],
    ['4321:8765', 'uid=4321 gid=8765 groups=8765'],
  ])('runs as user %j', async (user, expected) => {
    const { stdout } = await runStep(shellStep(bench, disk, 'id', { user }));
    expect(identityWords(stdout)).toEqual(identityWords(expected));
  });

  it('names the user that the image lacks', async () => {
    const user = await failureOf(runStep(shellStep(bench, disk, 'true', { user: 'nobody-here' })));
    expect([user.code, user.message]).toEqual([
      'user_unknown',
      'the image\'s /etc/passwd has no user "nobody-here"',
    ]);
    const group = await failureOf(runStep(shellStep(bench, disk, 'true', { user: 'node:nope' })));
    expect([group.code, group.data]).toEqual(['user_unknown', { group: 'nope' }]);
    expect(await leftovers(bench)).toEqual([]);
  });

  it('makes its working directory, owned by its user', async () => {
    const options = { workdir: '/srv/app/here', user: 'node' };
    const { stdout, entries } = await runStep(
      shellStep(bench, disk, 'pwd; touch mine && echo ok', options),
    );
    expect(stdout).toBe('/srv/app/here\nok\n');
    const made = entries.find((entry) => entry.header.name === './srv/app/');
    expect([made?.header.uid, made?.header.mode]).toEqual([1000, 0o755]);
  });

  it('refuses a working directory that is a file', async () => {
    const error = await failureOf(
      runStep(shellStep(bench, disk, 'true', { workdir: '/etc/passwd' })),
    );
    expect(error.code).toBe('step_failed');
  });

  it('does not name a long working directory whole', async () => {
    const workdir = `/etc/passwd${'/long'.repeat(400)}`;
    const failure = await failureOf(runStep(shellStep(bench, disk, 'true', { workdir })));
    expect(failure.message).toMatch(
      /^the working directory \/etc\/passwd.{189}\.\.\. is no directory/,
    );
  });

  it('refuses a working directory that is too long below its own', async () => {
    const workdir = `/${'d'.repeat(250)}`.repeat(16);
    const error = await failureOf(runStep(shellStep(bench, disk, 'true', { workdir })));
    expect([error.code, error.message]).toEqual([
      'step_failed',
      'the working directory of 4016 bytes is too long to run a step in',
    ]);
    expect(await leftovers(bench)).toEqual([]);
  });

  it.for(ociRuntimes)('answers 127 and 126 as a shell does, by %s', async (runtime, { skip }) => {
    skip((await findTool(runtime)) === undefined, `needs ${runtime}`);
    const tools = { runtime };
    const run = async (argv: readonly string[]): Promise<unknown> => {
      const { step, stderr } = await runStep({ ...shellStep(bench, disk, ''), argv, tools });
      return [step.exitCode, stderr];
    };
    expect(await run(['/bin/nothing'])).toEqual([127, '/bin/nothing: not found in the image\n']);
    expect(await run(['nothing'])).toEqual([127, 'nothing: not found in the image\n']);
    expect(await run(['/etc/passwd'])).toEqual([126, '/etc/passwd: cannot be executed\n']);
    expect(await run(['/bin'])).toEqual([126, '/bin: cannot be executed\n']);
  });

  it('runs above one parent disk twice at the same time, and leaves it as it is', async () => {
    const before = await fingerprint(disk);
    const script = 'echo x > /bin/new; rm /etc/group; sleep 0.3; ls /bin/new';
    const steps = [1, 2, 3].map(() => runStep(shellStep(bench, disk, script)));
    for (const { step } of await Promise.all(steps)) expect(step.exitCode).toBe(0);
    expect(await fingerprint(disk)).toBe(before);
  });

  it('cannot run above what is no ext4 image', async () => {
    const missing = await failureOf(runStep(shellStep(bench, `${disk}.none`, 'true')));
    expect([missing.code, missing.message]).toEqual([
      'internal',
      `cannot read the parent disk ${disk}.none: ENOENT`,
    ]);
    await writeFile(`${disk}.zero`, Buffer.alloc(1 << 20));
    const zero = await failureOf(runStep(shellStep(bench, `${disk}.zero`, 'true')));
    expect(zero.message).toBe(`the parent disk ${disk}.zero holds no ext4 file system`);
    expect(await leftovers(bench)).toEqual([]);
  });

  it('refuses options that cannot be meant', async () => {
    const base = shellStep(bench, disk, 'true');
    for (const options of [
      { ...base, argv: [] },
      { ...base, workdir: 'relative' },
      { ...base, env: { 'A=B': '1' } },
      { ...base, hostname: '-x/' },
      { ...base, limits: { pids: 0 } },
      { ...base, extraMounts: [{ hostPath: `${disk}.none`, guestPath: '/x' }] },
    ]) {
      expect((await failureOf(runStep(options))).code).toBe('invalid_request');
    }
  });

  it('names the seccomp profile that is not installed', async () => {
    const tools = { seccompProfilePath: '/nowhere/seccomp.json' };
    const error = await failureOf(runStep(shellStep(bench, disk, 'true', { tools })));
    expect([error.code, error.message]).toEqual([
      'tool_missing',
      'the seccomp profile /nowhere/seccomp.json is not installed',
    ]);
    expect(error.hint).toContain('golang-github-containers-common');
  });

  it('passes on the failure of the one who reads the step, and cleans up', async () => {
    const reader = withRunStep(shellStep(bench, disk, 'true'), async (step) => {
      for await (const chunk of step.diffStream()) throw new Error(`read ${chunk.length > 0}`);
    });
    await expect(reader).rejects.toThrow('read true');
    expect(await leftovers(bench)).toEqual([]);
  });
});

async function fingerprint(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

/** `id` lists groups in the order of the system call, which is nobody's contract. */
function identityWords(text: string): string[] {
  return text
    .trim()
    .split(/[ ,]|groups=/)
    .sort();
}
