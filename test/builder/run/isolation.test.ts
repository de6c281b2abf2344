import { chmod, readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ociRuntimes } from '../../../builder/run/container.ts';
import { findTool } from '../../../builder/run/tool-environment.ts';
import { compileAttack, needsCompiler, putAttack } from './attack-program.ts';
import { createBench, runStep, shellStep, whyNoSteps, type Bench } from './fixture.ts';

let bench: Bench;
let disk: string;
let attack: string | undefined;

beforeAll(async () => {
  if (whyNoSteps !== '') return;
  bench = await createBench();
  attack = await compileAttack(bench.path);
  disk = await bench.disk('isolation', async (tree) => {
    if (attack === undefined) return;
    await putAttack(attack, join(tree, 'bin/attack'));
    await putAttack(attack, join(tree, 'tmp/attack'));
    await chmod(join(tree, 'tmp/attack'), 0o4755);
  });
});

afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

async function outputOf(script: string, user = ''): Promise<string> {
  const { step, stdout } = await runStep(shellStep(bench, disk, script, { user, hostname: 'box' }));
  expect(step.exitCode).toBe(0);
  return stdout;
}

describe.skipIf(whyNoSteps !== '')(`isolation of a step ${whyNoSteps}`, () => {
  it('sees its own processes, host name and devices alone', async () => {
    expect(hostname()).not.toBe('box');
    expect(await outputOf('hostname; cat /etc/hostname; ls -d /proc/[0-9]* | wc -l')).toMatch(
      /^box\nbox\n[123]\n$/,
    );
    const devices = await outputOf('ls /dev');
    expect(devices.trim().split('\n')).toEqual(
      'core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero'.split(
        ' ',
      ),
    );
  });

  it('has a namespace of its own for everything but users', async () => {
    const kinds = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts', 'user'];
    const script = `for kind in ${kinds.join(' ')}; do readlink /proc/self/ns/$kind; done`;
    const inside = (await outputOf(script)).trim().split('\n');
    const outside = await Promise.all(kinds.map((kind) => readlink(`/proc/self/ns/${kind}`)));
    expect(kinds.filter((_, index) => inside[index] === outside[index])).toEqual(['user']);
  });

  it("holds Docker's capabilities and may gain no others", async () => {
    const root = await outputOf('grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status');
    expect(root.replaceAll(/\s+/g, ' ')).toBe(
      'CapInh: 0000000000000000 CapPrm: 00000000a80425fb CapEff: 00000000a80425fb ' +
        'CapBnd: 00000000a80425fb CapAmb: 0000000000000000 NoNewPrivs: 0 Seccomp: 2 ',
    );
    const other = await outputOf('grep -E "^Cap(Eff|Bnd)" /proc/self/status', 'node');
    expect(other.replaceAll(/\s+/g, ' ')).toBe(
      'CapEff: 0000000000000000 CapBnd: 00000000a80425fb ',
    );
  });

  it('cannot write to kernel interfaces, and finds others masked', async () => {
    const script = `for file in /proc/sys/kernel/hostname /proc/sysrq-trigger /sys/kernel/mm/ksm/run
      do test -e $file && echo x 2>/dev/null > $file && echo "wrote $file"; done
      cat /proc/keys /proc/timer_list | wc -c; ls /sys/firmware /proc/acpi 2>/dev/null | grep -v : | wc -w
      touch /sys/fs/cgroup/*/tasks 2>/dev/null && echo touched; true`;
    expect(await outputOf(script)).toBe('0\n0\n');
  });

  it.for(ociRuntimes)('is refused system calls that lead out, by %s', async (runtime, { skip }) => {
    skip((await findTool(runtime)) === undefined, `needs ${runtime}`);
    skip(attack === undefined, needsCompiler);
    const options = shellStep(bench, disk, 'attack system-calls', { tools: { runtime } });
    const { stdout } = await runStep(options);
    expect(linesOf(stdout)).toEqual({
      'unshare-user': 'EPERM',
      'unshare-mount': 'EPERM',
      'clone-user': 'EPERM',
      clone3: 'ENOSYS',
      keyctl: 'EPERM',
      bpf: 'EPERM',
      mount: 'EPERM',
      setns: 'EPERM',
      perf: 'EPERM',
      userfaultfd: 'EPERM',
      io_uring: 'EPERM',
      reboot: 'EPERM',
      vsock: 'EAFNOSUPPORT',
      inet: 'ok',
      raw: 'ok',
      'unknown-call': 'ENOSYS',
      getpid: 'ok',
    });
  });

  it.for(ociRuntimes)(
    'may make devices but not use those of the host, by %s',
    async (runtime, { skip }) => {
      skip((await findTool(runtime)) === undefined, `needs ${runtime}`);
      skip(attack === undefined, needsCompiler);
      const options = shellStep(bench, disk, 'attack devices', { tools: { runtime } });
      expect(linesOf((await runStep(options)).stdout)).toEqual({
        disk: 'ok',
        'open-disk': 'EPERM',
        loop: 'ok',
        'open-loop': 'EPERM',
        memory: 'ok',
        'open-memory': 'EPERM',
        null: 'ok',
        'open-null': 'ok',
      });
    },
  );

  it('keeps set-user-id programs working', async ({ skip }) => {
    skip(attack === undefined, needsCompiler);
    const script = 'chmod 4755 /bin/attack';
    const { entries } = await runStep(shellStep(bench, disk, script));
    expect(entries.find(({ header }) => header.name === './bin/attack')?.header.mode).toBe(0o4755);
    expect(linesOf(await outputOf('/tmp/attack identity', 'node'))).toEqual({
      euid: '0',
      uid: '1000',
    });
  });

  it('does not see the host through its root', async () => {
    const mounts = await outputOf('cat /proc/self/mountinfo');
    expect(mounts).not.toContain(bench.workRoot);
    const hostName = (await readFile('/proc/sys/kernel/hostname', 'utf8')).trim();
    expect(await outputOf('cat /proc/sys/kernel/hostname')).not.toBe(`${hostName}\n`);
    expect(await outputOf('cd /; cd ../../../..; ls -d /work /lib 2>/dev/null; pwd')).toBe('/\n');
  });
});

function linesOf(text: string): Record<string, string | undefined> {
  const lines = text.trim().split('\n');
  return Object.fromEntries(lines.map((line) => line.split(' ') as [string, string]));
}
