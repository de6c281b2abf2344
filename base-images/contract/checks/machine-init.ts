import { type Check, failed, passed } from '../check.ts';
import { setUp, withShell } from '../concerns.ts';

export const machineInit: Check = {
  id: 'machine-init',
  title: 'in the machine, there is an init that the kernel could start',
  why: "A link that leads somewhere in the image's files leads nowhere when a mount covers the place.",
  on: 'boot',
  code: 'base_unfit',
  concerns: [setUp, withShell],
  async look(base) {
    const init = (await base.booted()).get('init');
    if (init !== null) return passed(init);
    return failed(
      'none of /sbin/init, /etc/init and /bin/init is a program',
      'Set the image up with `ashlar base setup`, or install an init: systemd-sysv.',
      { path: 'sbin/init', line: null },
    );
  },
};
