import { type Check, failed, notRun, passed } from '../check.ts';
import { absolute } from '../looking/modes.ts';

export const setupComplete: Check = {
  id: 'setup-complete',
  title: 'a setup would change nothing: the image is set up',
  why: 'Twice must be the same as once: what a second setup would change was left out, or was changed since.',
  on: 'tree',
  code: 'base_not_set_up',
  concerns: [],
  async look(base) {
    const plan = await base.plan();
    if (plan === null) return notRun('no setup could be planned');
    const { changes } = plan;
    if (changes.length === 0) return passed('no changes are left to make');
    return failed(
      [
        base.isSetUp
          ? `${changes.length} things are not as a setup would leave them now`
          : `the image is not set up: ${changes.length} changes are to make`,
        ...changes.slice(0, 20).map(({ path, kind, why }) => `${absolute(path)} (${kind}): ${why}`),
      ],
      'Set the image up: `ashlar base setup IMAGE -t NAME`.',
    );
  },
};
