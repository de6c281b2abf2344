import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, passed } from '../check.ts';
import { withOwnUser } from '../concerns.ts';
import { shellWord } from '../looking/modes.ts';

export const userUidOwn: Check = {
  id: 'user-uid-own',
  title: 'nobody else has the uid of the working user, and it is not 0',
  why: "Since 23.04 Ubuntu's images have a user ubuntu with uid 1000. With two names for one uid, which of them sudo, ls and ssh find is up to the order of the lines.",
  on: 'tree',
  code: 'base_unfit',
  concerns: [withOwnUser],
  look({ user, facts: { users } }) {
    const entry = users.byName(user ?? '');
    if (entry === null) return passed('the user is not there');
    const name = toDisplay(entry.name);
    const same = users.passwd.filter(({ uid }) => uid === entry.uid);
    const at = { path: 'etc/passwd', line: null };
    if (entry.uid === 0) {
      return failed(
        `${name} has uid 0`,
        `Give ${name} a uid of its own: RUN usermod -u 1000 ${shellWord(name)}`,
        at,
      );
    }
    if (same.length === 1) return passed(`${entry.uid} is ${name} alone`);
    return failed(
      `uid ${entry.uid} is that of ${same.map(({ name: one }) => toDisplay(one)).join(' and ')}`,
      `Use the user who has uid ${entry.uid} already, or give ${name} a free one: RUN usermod -u NUMBER ${shellWord(name)}`,
      at,
    );
  },
};
