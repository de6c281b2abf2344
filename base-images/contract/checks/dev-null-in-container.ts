import { type Check, failed, passed } from '../check.ts';
import { withShell } from '../concerns.ts';
import { outputLines } from '../looking/output-lines.ts';

export const devNullInContainer: Check = {
  id: 'dev-null-in-container',
  title: 'in a container, /dev/null is a device that everybody may read and write',
  why: 'As anything else it makes apt say that gpgv seems not to be installed, and fills the disk.',
  on: 'container',
  code: 'base_machine_unfit',
  concerns: [withShell],
  async look({ run }) {
    const script =
      '[ -c /dev/null ] && echo lost >/dev/null && read -r line </dev/null; [ -c /dev/null ] && [ -z "$line" ]';
    const { exitCode, stderr } = await run({
      argv: ['/bin/sh', '-c', script],
      user: '65534:65534',
    });
    if (exitCode === 0) return passed('it takes everything and gives nothing');
    return failed(
      ['/dev/null does not work for everybody', ...outputLines(stderr)],
      'Run `ashlar doctor`: the container of this machine does not have its devices.',
    );
  },
};
