import { type Check, failed, passed } from '../check.ts';
import { withShell } from '../concerns.ts';

/** Between the machine's answer and now. */
const toleranceSeconds = 300;

export const machineClock: Check = {
  id: 'machine-clock',
  title: "the machine's clock is right",
  why: 'With a clock that is weeks off, apt calls every release expired (`Release file is not valid yet`, exit code 100), and no certificate is valid.',
  on: 'boot',
  code: 'base_machine_unfit',
  concerns: [withShell],
  async look(base) {
    const clock = Number((await base.booted()).get('clock') ?? Number.NaN);
    const offSeconds = Math.round(clock - base.nowMs() / 1000);
    if (Math.abs(offSeconds) <= toleranceSeconds) return passed(`it is ${offSeconds} s off`);
    return failed(
      Number.isNaN(offSeconds)
        ? 'the machine does not say what time it is'
        : `it is ${offSeconds} s off`,
      'Set the clock of the machine that boots; its machines take the time from it.',
    );
  },
};
