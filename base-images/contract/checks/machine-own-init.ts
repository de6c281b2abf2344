import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, notApplicable, passed } from '../check.ts';
import { setUp, withInit, withShell } from '../concerns.ts';
import type { BootReport } from '../looking/boot-report.ts';

export const machineOwnInit: Check = {
  id: 'machine-own-init',
  title: "started as the machine's first process, the init of the image comes up",
  why: 'So machines of the image start. An init that waits for a disk or a console that is not there, or gives up, leaves a machine that looks as if it had booted and answers nobody.',
  on: 'boot',
  code: 'base_unfit',
  concerns: [setUp, withInit, withShell],
  async look(base) {
    const ownInit = await base.ownInit();
    if (ownInit.came === 'not-asked') return notApplicable(ownInit.reason);
    if (ownInit.came === 'short') return failed(ownInit.said, mend);
    const { report } = ownInit;
    const first = report.get('first');
    if (report.exitCode === 0 && first !== null) return passed(...evidenceOf(first, report));
    return failed(
      [`the init came up, and what it ran ended with ${report.exitCode}`, ...report.said],
      mend,
    );
  },
};

const mend =
  'See it come up with `ashlar boot IMAGE --init image -- COMMAND`; remove or mask in a RUN step what it waits for or fails at.';

/** A unit that fails does not keep a machine from coming up, and is said all the same. */
function evidenceOf(first: string, report: BootReport): readonly string[] {
  const state = report.get('state');
  const units = (report.get('failed') ?? '').trim();
  return [
    `${toDisplay(first)} came up${state === null ? '' : `; it says that it is ${toDisplay(state)}`}`,
    ...(units === '' ? [] : [`units that failed: ${toDisplay(units)}`]),
  ];
}
