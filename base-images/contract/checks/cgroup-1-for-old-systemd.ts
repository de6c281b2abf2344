import { type Check, failed, passed } from '../check.ts';
import { withOldSystemd, withShell } from '../concerns.ts';

export const cgroup1ForOldSystemd: Check = {
  id: 'cgroup-1-for-old-systemd',
  title: 'the machine lets an old systemd mount its own hierarchy of version 1',
  why: 'systemd 229 of 16.04 knows version 1 alone, and freezes when it cannot mount name=systemd.',
  on: 'boot',
  code: 'base_machine_unfit',
  concerns: [withShell, withOldSystemd],
  async look(base) {
    if ((await base.booted()).get('cgroup1') === 'yes') return passed('name=systemd mounts');
    return failed(
      'cgroup version 1 with name=systemd cannot be mounted in the machine',
      'Boot this image with a kernel that still has cgroups of version 1.',
    );
  },
};
