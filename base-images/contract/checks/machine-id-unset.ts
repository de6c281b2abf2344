import { type Check, failed, passed } from '../check.ts';
import { setUp } from '../concerns.ts';

export const machineIdUnset: Check = {
  id: 'machine-id-unset',
  title: 'the image has no machine-id of its own',
  why: 'Installing systemd or dbus in a RUN step writes one: then all machines of the image have the same, ask DHCP for the same address and count as one in every log.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [setUp],
  look({ facts: { machineId } }) {
    if (machineId !== 'set' && machineId !== 'invalid') return passed(machineId);
    return failed(
      machineId === 'set' ? '/etc/machine-id is filled' : '/etc/machine-id is no id',
      'RUN truncate -s 0 /etc/machine-id after the step that installs, or set the image up again.',
      { path: 'etc/machine-id', line: null },
    );
  },
};
