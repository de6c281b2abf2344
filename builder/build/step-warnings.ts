import type { StepExecution } from '../run/execute-step.ts';
import type { BuildSession } from './build-session.ts';

/**
 * Says what of a step was not as it should be and did not stop it: limits that this machine does not hold, once a build,
 * and oddities of the image.
 */
export function warnOfStep(
  { emit, toldLimits }: Pick<BuildSession, 'emit' | 'toldLimits'>,
  line: number,
  { unenforcedLimits, notices }: Pick<StepExecution, 'unenforcedLimits' | 'notices'>,
): void {
  for (const limit of unenforcedLimits) {
    if (toldLimits.has(limit)) continue;
    toldLimits.add(limit);
    const message = `steps run without a ${limit} limit: this machine's cgroups do not hold it; see ashlar doctor`;
    emit({ kind: 'warning', rule: 'LimitNotEnforced', message, line });
  }
  for (const message of notices) emit({ kind: 'warning', rule: 'StepNotice', message, line });
}
