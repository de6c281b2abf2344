import { type Check, failed, passed } from '../check.ts';
import { withShell, withSudo } from '../concerns.ts';
import { absolute } from '../looking/modes.ts';
import { outputLines } from '../looking/output-lines.ts';

export const setuidKept: Check = {
  id: 'setuid-kept',
  title: 'in a container, sudo still has the setuid bit that the image gives it',
  why: 'A bit can be lost on the way from the layers to the disk, or at a mount, though the image has it.',
  on: 'container',
  code: 'base_machine_unfit',
  concerns: [
    withShell,
    withSudo,
    {
      words: 'images whose sudo has the setuid bit',
      holds: ({ facts }) => facts.sudo.program?.setuid === true,
    },
  ],
  async look({ facts, run }) {
    const path = absolute(facts.sudo.program?.realPath ?? '');
    const script = '[ -u "$0" ] && [ -x "$0" ]';
    const { exitCode, stderr } = await run({ argv: ['/bin/sh', '-c', script, path] });
    if (exitCode === 0) return passed(`${path} has it`);
    return failed(
      [`${path} does not have it`, ...outputLines(stderr)],
      'Run `ashlar image verify` on the image; where it holds, ASHLAR_HOME is on a file system that does not keep the bit.',
    );
  },
};
