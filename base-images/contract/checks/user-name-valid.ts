import { toDisplay } from '../../../src/index.ts';
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
    const name = user ?? '';
    // The rule of systemd and of Debian's adduser; useradd's own differs from release to release.
    if (/^[a-z_][a-z0-9_-]{0,31}$/.test(name)) return passed(`${name} is such a name`);
    return failed(
      `${JSON.stringify(toDisplay(name))} is no name that every release takes`,
      'Choose a name of up to 32 lower-case letters, digits, dashes and underscores that begins with a letter or an underscore.',
    );
  },
};
