import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, passed } from '../check.ts';
import { withUser } from '../concerns.ts';
import { shellWord } from '../looking/modes.ts';

export const userExists: Check = {
  id: 'user-exists',
  title: 'the working user is in /etc/passwd, and their group in /etc/group',
  why: 'Sudo refuses a uid without a name: `you do not exist in the passwd database`; so do ssh, git and npm in their own words.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [withUser],
  look({ user, facts: { users } }) {
    const name = toDisplay(user ?? '');
    const entry = users.byName(user ?? '');
    const mend = `Create the user in the Dockerfile (RUN useradd -m -s /bin/bash ${shellWord(name)}), or set the image up again.`;
    if (entry === null)
      return failed(`/etc/passwd has no ${name}`, mend, { path: 'etc/passwd', line: null });
    if (users.groupById(entry.gid) === null)
      return failed(`/etc/group has no group ${entry.gid}, which is that of ${name}`, mend, {
        path: 'etc/group',
        line: null,
      });
    return passed(`${name} has uid ${entry.uid} and gid ${entry.gid}`);
  },
};
