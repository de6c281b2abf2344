import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, passed } from '../check.ts';
import { withShell, withSudo } from '../concerns.ts';
import { absolute } from '../looking/modes.ts';
import { mountOf } from '../looking/mount-of.ts';

export const noNosuid: Check = {
  id: 'no-nosuid',
  title: 'the file system with sudo on it is not mounted nosuid',
  why: 'With nosuid the kernel passes over the setuid bit; sudo says that its effective uid is not 0.',
  on: 'container',
  code: 'base_machine_unfit',
  concerns: [withShell, withSudo],
  async look({ facts, run }) {
    const script = 'while read -r line; do echo "$line"; done </proc/self/mountinfo';
    const { stdout } = await run({ argv: ['/bin/sh', '-c', script] });
    const path = absolute(facts.sudo.program?.realPath ?? '');
    const mount = mountOf(stdout.toString('latin1'), path);
    if (mount === null) return failed('the kernel names no mount', 'Mount /proc in the container.');
    const words = `${path} is on ${toDisplay(mount.place)} (${mount.options})`;
    if (!mount.options.split(',').includes('nosuid')) return passed(words);
    return failed(words, 'Let ASHLAR_HOME be on a file system that is mounted without nosuid.');
  },
};
