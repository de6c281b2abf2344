import { type Check, failed, passed } from '../check.ts';
import { withShell } from '../concerns.ts';

export const cgroup2Mounts: Check = {
  id: 'cgroup-2-mounts',
  title: 'the machine has cgroups of version 2',
  why: 'systemd 258 and later know no other; systemd 256 and 257 refuse version 1 unless they are told.',
  on: 'boot',
  code: 'base_machine_unfit',
  concerns: [withShell],
  async look(base) {
    if ((await base.booted()).get('cgroup2') === 'yes') return passed('version 2 mounts');
    return failed(
      'cgroup2 cannot be mounted in the machine',
      'Boot with a kernel that has CONFIG_CGROUPS, and without cgroup_no_v1 or cgroup_disable on its command line.',
    );
  },
};
