import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, passed } from '../check.ts';
import { withOwnUser, withShell, withSudo } from '../concerns.ts';

export const machineSudo: Check = {
  id: 'machine-sudo',
  title: 'in the machine, the working user becomes root with sudo',
  why: 'Where containers let sudo work, a machine can still keep it from it: by its mounts, its name or its clock.',
  on: 'boot',
  code: 'base_unfit',
  concerns: [withSudo, withOwnUser, withShell],
  async look(base) {
    const report = await base.booted();
    const name = toDisplay(base.user ?? '');
    if (report.get('sudo') === '0') return passed(`${name} becomes root`);
    return failed(
      [`sudo -n id -u as ${name} does not print 0`, ...report.said],
      'See what the checks of the sudoers files say, and what sudo says above.',
    );
  },
};
