import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, passed } from '../check.ts';
import { withOwnUser, withSudo } from '../concerns.ts';
import { outputLines } from '../looking/output-lines.ts';

export const sudoLists: Check = {
  id: 'sudo-lists',
  title: '`sudo -l` lists for the working user a rule without a password for all commands',
  why: 'It says which rules sudo has really read, and in which order.',
  on: 'container',
  code: 'base_sudoers_broken',
  concerns: [withSudo, withOwnUser],
  async look({ user, run }) {
    const name = toDisplay(user ?? '');
    const { exitCode, stdout, stderr } = await run({ argv: ['sudo', '-n', '-l'], user: name });
    const listed = outputLines(stdout);
    const rules = listed.filter((line) => /^\s+\(.*\)/.test(line)).map((line) => line.trim());
    if (exitCode === 0 && rules.some((rule) => /NOPASSWD:\s*ALL\b/.test(rule)))
      return passed(...rules);
    return failed(
      [`sudo -n -l as ${name} ended with ${exitCode}`, ...listed, ...outputLines(stderr)],
      'Set the image up (`ashlar base setup`); the checks of the sudoers files say why a rule is not read.',
    );
  },
};
