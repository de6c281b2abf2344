import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, notApplicable, passed } from '../check.ts';
import { setUp, withShell } from '../concerns.ts';

export const machineHostname: Check = {
  id: 'machine-hostname',
  title: 'in the machine, its own name is in /etc/hosts',
  why: "Otherwise Debian's sudo says `unable to resolve host` at every call, after seconds of waiting.",
  on: 'boot',
  code: 'base_unfit',
  concerns: [setUp, withShell],
  async look(base) {
    const report = await base.booted();
    const hostname = toDisplay(report.get('hostname') ?? '');
    const own = base.facts.hostname;
    if (own !== null && own !== report.get('hostname'))
      return notApplicable(
        `this boot names the machine ${hostname}, and the image ${toDisplay(own)}`,
      );
    if (report.get('hosts') === 'yes') return passed(`${hostname} is there`);
    return failed(
      `/etc/hosts does not have ${hostname}`,
      'Set the image up again (`ashlar base setup`).',
      {
        path: 'etc/hosts',
        line: null,
      },
    );
  },
};
