import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, passed } from '../check.ts';
import { withKnownSudo, withUser } from '../concerns.ts';
import { judged } from '../looking/judged.ts';
import { absolute } from '../looking/modes.ts';

export const userBecomesRoot: Check = {
  id: 'user-becomes-root',
  title: 'by the sudoers files, the working user may run any command as root without a password',
  why: 'What works in the machine calls sudo, and there is nobody who could enter a password.',
  on: 'tree',
  code: 'base_sudoers_broken',
  concerns: [withKnownSudo, withUser],
  look: (base) =>
    judged(base, async ({ allows, reads, lockedOut }) => {
      const user = base.user ?? '';
      const answer = lockedOut ? 'denied' : await allows({ user, command: 'ALL' });
      if (answer === 'nopasswd') return passed(`${toDisplay(user)} may run all as root`);
      const why = {
        denied: lockedOut ? 'nobody can use sudo' : 'the last rule that matches does not allow it',
        password: 'sudo asks for a password',
      }[answer];
      return failed(
        [
          `${toDisplay(user)} cannot run all commands as root: ${why}`,
          ...reads.slice(0, 20).map(({ path }) => `sudo reads ${absolute(path)}`),
        ],
        lockedOut
          ? 'Mend the line that locks everybody out: sudoers-parses names it.'
          : 'Set the image up (`ashlar base setup`), and remove the rule that comes after it, where there is one.',
      );
    }),
};
