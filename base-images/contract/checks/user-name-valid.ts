import { toDisplay } from '../../../src/index.ts';
import { userNameProblem } from '../../setup/user-name.ts';
import { type Check, failed, passed } from '../check.ts';
import { withUser } from '../concerns.ts';

export const userNameValid: Check = {
  id: 'user-name-valid',
  title: 'the working user has a name that every release takes',
  why: 'useradd of Debian 13 refuses user@host and letters beyond ASCII that Debian 12 takes; a name of digits is read as a uid, one with a dash in front as an option, and systemd refuses what begins with a digit.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [withUser],
  look({ user }) {
    const name = toDisplay(user ?? '');
    const problem = userNameProblem(name);
    if (problem === null) return passed(`${name} is such a name`);
    return failed(
      `${JSON.stringify(name)} is no name that every release takes: ${problem}`,
      'Choose a name of up to 32 lower-case letters, digits, dashes and underscores that begins with a letter.',
    );
  },
};
