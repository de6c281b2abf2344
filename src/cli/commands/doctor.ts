import { checkRunRequirements } from '../../../builder/index.ts';
import { checkVmRequirements, probeAccelerator } from '../../../vm/index.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { formatTable } from '../terminal.ts';
import { checkInstallation } from '../check-installation.ts';

const exitOperator = 6;

const speeds = { kvm: 'at full speed (kvm)', tcg: 'emulated, which is slow (tcg)' } as const;

/** `ashlar doctor`: what this machine has and lacks, each with the mend. */
export async function doctor(context: CommandContext): Promise<FinishedCommand> {
  const checks = [
    ...(await checkInstallation(context)),
    ...(await checkRunRequirements()),
    ...(await checkVmRequirements()),
  ].map(({ name, ok, detail, mend }) => ({ name, ok, detail, mend }));
  const missing = checks.filter((check) => !check.ok);
  if (missing.length === 0) {
    const { accelerator, reason } = await probeAccelerator(context.config.home);
    checks.push({
      name: 'virtual machines',
      ok: true,
      detail: `${speeds[accelerator]}: ${reason}`,
      mend: '',
    });
  }
  const rows = checks.map(({ name, ok, detail, mend }) => [
    ok ? 'ok' : 'MISSING',
    name,
    ok || mend === '' ? detail : `${detail} -> ${mend}`,
  ]);
  const things = missing.length === 1 ? '1 thing is' : `${missing.length} things are`;
  const verdict =
    missing.length === 0 ? 'this machine has all that Ashlar needs' : `${things} missing`;
  return {
    json: { ok: missing.length === 0, checks },
    text: `${formatTable(rows)}\n${verdict}`,
    exitCode: missing.length === 0 ? 0 : exitOperator,
  };
}
