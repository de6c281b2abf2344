import { type Check, failed, notApplicable, passed } from '../check.ts';
import { setUp, withShell } from '../concerns.ts';
import { ashlarDirectory } from '../looking/drop-in.ts';

export const agentAnswers: Check = {
  id: 'agent-answers',
  title: 'in the machine, what Ashlar brought into the image runs',
  why: 'It is the init of an image that has none: when it does not start, the machine is silent.',
  on: 'boot',
  code: 'base_unfit',
  concerns: [setUp, withShell],
  async look(base) {
    const path = `${ashlarDirectory}/busybox`;
    if ((await base.files.follow(path)) === null)
      return notApplicable('nothing was brought: the image has an init of its own');
    if ((await base.booted()).get('agent') === 'answers') return passed('it answers');
    return failed(
      `/${path} does not run in the machine`,
      'Set the image up again, for the architecture of the machine.',
      {
        path,
        line: null,
      },
    );
  },
};
