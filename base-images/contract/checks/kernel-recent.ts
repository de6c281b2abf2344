import { type Check, failed, passed } from '../check.ts';
import { withShell } from '../concerns.ts';
import { isOlderThan } from '../../detect/debian-version.ts';

export const kernelRecent: Check = {
  id: 'kernel-recent',
  title: "the machine's kernel is 5.10 or later, and as new as the image's systemd asks for",
  why: "systemd 260 refuses kernels before 5.10, 251 those before 4.15; the kernel is the machine's, not the image's.",
  on: 'boot',
  code: 'base_machine_unfit',
  concerns: [withShell],
  async look(base) {
    const kernel = (await base.booted()).get('kernel') ?? '0';
    const floor = base.release?.boot.kernelFloor.value ?? null;
    const least = floor !== null && isOlderThan('5.10', floor) ? floor : '5.10';
    if (!isOlderThan(kernel, least)) return passed(`Linux ${kernel}`);
    return failed(
      `Linux ${kernel} is older than ${least}`,
      'Install a newer kernel package on the machine that boots; `ashlar doctor` names the package.',
    );
  },
};
