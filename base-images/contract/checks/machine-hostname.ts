import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, notApplicable, notRun, passed } from '../check.ts';
import { setUp, withInit, withShell } from '../concerns.ts';

export const machineHostname: Check = {
  id: 'machine-hostname',
  title: 'the machine has the name that the image gives it, and finds it in /etc/hosts',
  why: "Otherwise Debian's sudo says `unable to resolve host` at every call, after seconds of waiting.",
  on: 'boot',
  code: 'base_unfit',
  concerns: [setUp, withInit, withShell],
  async look(base) {
    const ownInit = await base.ownInit();
    if (ownInit.came === 'not-asked') return notApplicable(ownInit.reason);
    if (ownInit.came === 'short') return notRun('the init of the image did not come up');
    const hostname = toDisplay(ownInit.report.get('hostname') ?? '');
    const own = base.facts.hostname;
    if (own !== null && own !== ownInit.report.get('hostname'))
      return failed(
        `the machine is named ${hostname}, and /etc/hostname says ${toDisplay(own)}`,
        'Remove what names the machine otherwise, a service or a setting of the init, or set the image up again (`ashlar base setup`).',
        { path: 'etc/hostname', line: null },
      );
    if (ownInit.report.get('hosts') === 'yes')
      return passed(`${hostname}, as /etc/hostname says; it is in /etc/hosts`);
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
