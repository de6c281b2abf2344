import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, notApplicable, passed } from '../check.ts';
import { withOwnUser, withSudo } from '../concerns.ts';
import { outputLines } from '../looking/output-lines.ts';

export const sudoOtherUser: Check = {
  id: 'sudo-other-user',
  title: 'as the working user, sudo runs a command as another user',
  why: 'A rule for (root) alone forbids it, with the message that a password is required.',
  on: 'container',
  code: 'base_sudoers_broken',
  concerns: [withSudo, withOwnUser],
  async look({ user, facts, run }) {
    const name = toDisplay(user ?? '');
    const other = facts.users.passwd.find((entry) => entry.uid !== 0 && entry.name !== user);
    if (other === undefined) return notApplicable('there is nobody else');
    const as = toDisplay(other.name);
    const result = await run({ argv: ['sudo', '-n', '-u', as, 'id', '-u'], user: name });
    if (result.exitCode === 0 && result.stdout.toString('latin1').trim() === String(other.uid))
      return passed(`${name} becomes ${as}`);
    return failed(
      [
        `sudo -n -u ${as} id -u as ${name} ended with ${result.exitCode}`,
        ...outputLines(result.stderr),
      ],
      'Write the rule with (ALL:ALL): `NAME ALL=(ALL:ALL) NOPASSWD: ALL`.',
    );
  },
};
