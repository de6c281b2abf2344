import { type Check, failed, notRun, passed } from '../check.ts';

export const setupServes: Check = {
  id: 'setup-serves',
  title: 'the setup can do all that it has to do in this image',
  why: 'What it cannot do is said here, and not after ten minutes of a build.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [],
  async look(base) {
    const plan = await base.plan();
    if (plan === null) return notRun('no setup could be planned');
    const [first] = plan.refusals;
    if (first === undefined) return passed(...plan.notes.map(({ what, why }) => `${what}: ${why}`));
    return failed(
      plan.refusals.map(({ message }) => message),
      first.hint,
      first.path === null ? null : { path: first.path, line: null },
    );
  },
};
