import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AshlarError,
  createOwnedTempDir,
  runChecked,
  systemErrorCode,
  writeFileAtomic,
} from '../../src/index.ts';
import type { Accelerator } from '../boot/qemu-arguments.ts';
import { runMachine } from '../boot/run-machine.ts';
import { requireProgram } from '../find-program.ts';
import { prepareGuest, type GuestKit } from '../guest/prepare-guest.ts';
import { hostPlatform } from '../platform.ts';
import { readRecordFile } from '../record-file.ts';

export interface AcceleratorChoice {
  readonly accelerator: Accelerator;
  readonly reason: string;
}

const probeLimitMs = 10_000;
const kvmDevice = '/dev/kvm';

/**
 * Whether guests run under KVM or are emulated (TCG). That /dev/kvm can be opened does not show that a
 * kernel boots under it, so the guest's own kernel is booted once, up to its init, within 10 s. The outcome
 * is kept in `home`/vm/accelerator.json for this guest kernel, QEMU version, processor and boot of the host.
 * ASHLAR_ACCELERATOR=kvm|tcg decides without a probe; another value throws `config_invalid`.
 */
export async function probeAccelerator(
  home: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<AcceleratorChoice> {
  const wanted = env['ASHLAR_ACCELERATOR'] || undefined;
  if (wanted === 'kvm' || wanted === 'tcg') {
    return { accelerator: wanted, reason: `ASHLAR_ACCELERATOR is ${wanted}` };
  }
  if (wanted !== undefined) {
    throw new AshlarError('config_invalid', `ASHLAR_ACCELERATOR is neither kvm nor tcg: ${wanted}`);
  }
  const obstacle = await kvmObstacle();
  if (obstacle !== undefined) return { accelerator: 'tcg', reason: obstacle };
  const kit = await prepareGuest(home);
  const recordPath = join(home, 'vm', 'accelerator.json');
  const circumstances = await describeCircumstances(kit);
  const known = await readRecord(recordPath, circumstances);
  if (known !== undefined) return known;
  const choice = await bootUnderKvm(home, kit);
  await writeFileAtomic(recordPath, `${JSON.stringify({ circumstances, ...choice }, null, 2)}\n`);
  return choice;
}

/** Why KVM cannot even be tried, or undefined. */
async function kvmObstacle(): Promise<string | undefined> {
  try {
    await access(kvmDevice, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') return `${kvmDevice} does not exist`;
    if (code === 'EACCES' || code === 'EPERM') return `${kvmDevice} may not be used by this user`;
    throw error;
  }
}

async function bootUnderKvm(home: string, kit: GuestKit): Promise<AcceleratorChoice> {
  await using directory = await createOwnedTempDir(join(home, 'tmp'), 'vm');
  const limit = AbortSignal.timeout(probeLimitMs);
  const run = await runMachine({
    plan: {
      platform: hostPlatform(),
      accelerator: 'kvm',
      kernelPath: kit.kernelPath,
      initramfsPath: kit.initramfsPath,
      memoryMiB: 512,
      cpus: 1,
      diskSocket: undefined,
    },
    directory: directory.path,
    signal: limit,
    nowMs: () => performance.now(),
  });
  if (run.report.state === 'ready' && run.exitCode === 0) {
    return { accelerator: 'kvm', reason: 'the guest kernel boots under KVM' };
  }
  if (limit.aborted) {
    return {
      accelerator: 'tcg',
      reason: `the guest kernel does not boot under KVM within ${probeLimitMs} ms`,
    };
  }
  const words = run.qemuStderr.trim().split('\n')[0] ?? '';
  return { accelerator: 'tcg', reason: `the guest kernel does not boot under KVM: ${words}` };
}

async function describeCircumstances(kit: GuestKit): Promise<string> {
  const platform = hostPlatform();
  const qemu = await requireProgram(platform.qemu, platform.qemuPackage);
  const [version, cpuInfo, bootId] = await Promise.all([
    runChecked(qemu, ['--version'], { timeoutMs: 10_000 }),
    readFile('/proc/cpuinfo', 'utf8'),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
  ]);
  // x86 names a model; arm64 tells implementer and part by number.
  const model = cpuInfo.split('\n').filter((line) => /^(model name|CPU (impl|part))/.test(line));
  const facts = [kit.key, version.stdout.toString('utf8'), model[0] ?? '', model[1] ?? '', bootId];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

async function readRecord(
  path: string,
  circumstances: string,
): Promise<AcceleratorChoice | undefined> {
  const text = await readRecordFile(path);
  try {
    const record = JSON.parse(text ?? 'null') as Record<string, unknown> | null;
    const { accelerator, reason } = record ?? {};
    if (record?.['circumstances'] !== circumstances || typeof reason !== 'string') return undefined;
    return accelerator === 'kvm' || accelerator === 'tcg' ? { accelerator, reason } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
