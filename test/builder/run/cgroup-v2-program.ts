/**
 * Runs in the guest of cgroup-v2.test.ts, whose kernel knows no cgroups but version 2: tries each limit with each runtime
 * and prints what came of it.
 */
import { readCgroupMounts } from '../../../builder/run/cgroup.ts';
import { checkRunRequirements } from '../../../builder/run/check-run-requirements.ts';
import type { OciRuntime } from '../../../builder/run/container.ts';
import { withRunStep } from '../../../builder/run/run-step.ts';
import type { StepLimits } from '../../../builder/run/run-step-options.ts';
import { AshlarError } from '../../../src/errors/ashlar-error.ts';

export interface GuestReport {
  readonly versions: readonly number[];
  /** Names of the cgroup controllers that `ashlar doctor` misses. */
  readonly missing: readonly string[];
  /** By runtime and limit. */
  readonly steps: Readonly<Record<string, StepReport>>;
}

export interface StepReport {
  /** `exit N`, or the code of the failure. */
  readonly ending: string;
  readonly output: string;
  readonly unenforced: readonly string[];
  readonly peakMemoryBytes: number;
  readonly cpuMs: number;
}

const mebibyte = 1024 * 1024;
const [runtimes = '', disk = ''] = process.argv.slice(2);

const scripts: readonly (readonly [name: string, script: string, limits: StepLimits])[] = [
  ['none', 'cat /proc/self/cgroup; touch /sys/fs/cgroup/x 2>&1; exit 7', {}],
  ['memory', 'tail /dev/zero', { memoryBytes: 64 * mebibyte, pids: 100 }],
  ['pids', 'for i in $(seq 40); do sleep 9 & done', { memoryBytes: 64 * mebibyte, pids: 20 }],
  ['devices', 'mknod /d b 254 0; head -c 1 /d; mknod /n c 1 3; echo x >/n && echo null', {}],
];

if (runtimes !== '') {
  const mounts = await readCgroupMounts();
  const requirements = await checkRunRequirements();
  const steps: Record<string, StepReport> = {};
  for (const runtime of runtimes.split(',') as OciRuntime[])
    for (const [name, script, limits] of scripts)
      steps[`${runtime} ${name}`] = await tryStep(script, { runtime, limits });
  const report: GuestReport = {
    versions: mounts.map(({ version }) => version),
    missing: requirements
      .filter(({ name, ok }) => !ok && name.startsWith('cgroup'))
      .map(({ name }) => name),
    steps,
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

async function tryStep(
  script: string,
  { runtime, limits }: { runtime: OciRuntime; limits: StepLimits },
): Promise<StepReport> {
  let output = '';
  const report = { unenforced: [] as readonly string[], peakMemoryBytes: 0, cpuMs: 0 };
  const options = {
    workRoot: '/tmp/run',
    parentDisk: disk,
    argv: ['/bin/sh', '-c', script],
    env: {},
    workdir: '/',
    user: '',
    limits: { timeoutMs: 60_000, upperBytes: 16 * mebibyte, ...limits },
    network: 'none',
    tools: { runtime },
    onOutput: (_: string, chunk: Buffer) => (output += chunk.toString('utf8')),
  } as const;
  try {
    return await withRunStep(options, async ({ exitCode, unenforcedLimits, usage }) => ({
      ending: `exit ${exitCode}`,
      output,
      unenforced: unenforcedLimits,
      peakMemoryBytes: usage.peakMemoryBytes ?? 0,
      cpuMs: usage.cpuMs ?? 0,
    }));
  } catch (error) {
    if (!(error instanceof AshlarError)) throw error;
    return { ...report, ending: error.code, output: `${error.message}\n${output}` };
  }
}
