import { type Check, failed, passed } from '../check.ts';
import { withShell } from '../concerns.ts';
import { outputLines } from '../looking/output-lines.ts';

export const noNewPrivileges: Check = {
  id: 'no-new-privileges',
  title: 'commands of the image may gain privileges',
  why: 'With the flag no_new_privs the setuid bit does nothing: sudo says so, or before 1.9.6 that it is on a file system with nosuid, and the image is not at fault.',
  on: 'container',
  code: 'base_machine_unfit',
  concerns: [withShell],
  async look({ run }) {
    const script =
      'while read -r line; do case $line in NoNewPrivs:*) echo "$line";; esac; done </proc/self/status';
    const { stdout, stderr } = await run({ argv: ['/bin/sh', '-c', script] });
    const value = /NoNewPrivs:\s*(\d)/.exec(stdout.toString('latin1'))?.[1];
    if (value === '0') return passed('NoNewPrivs is 0');
    return failed(
      [
        value === undefined ? 'the kernel does not say' : `NoNewPrivs is ${value}`,
        ...outputLines(stderr),
      ],
      'Run Ashlar where it may start containers without that flag: not below a service with NoNewPrivileges=yes, nor in a container with no-new-privileges.',
    );
  },
};
