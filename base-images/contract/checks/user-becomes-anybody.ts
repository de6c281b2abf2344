import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, notApplicable, passed } from '../check.ts';
import { withKnownSudo, withUser } from '../concerns.ts';
import { judged } from '../looking/judged.ts';

export const userBecomesAnybody: Check = {
  id: 'user-becomes-anybody',
  title: 'by the sudoers files, the working user may run commands as every user',
  why: 'A rule with (root) in place of (ALL:ALL) allows `sudo` and forbids `sudo -u postgres`: scripts of databases and web servers fail, and the message is that a password is required.',
  on: 'tree',
  code: 'base_sudoers_broken',
  concerns: [withKnownSudo, withUser],
  look: (base) =>
    judged(base, async ({ allows }) => {
      const user = base.user ?? '';
      const other = base.facts.users.passwd.find(({ uid, name }) => uid !== 0 && name !== user);
      if (other === undefined) return notApplicable('there is nobody else');
      const runAs = other.name;
      if ((await allows({ user, runAs, command: 'ALL' })) === 'nopasswd')
        return passed(`${toDisplay(user)} may run all as ${toDisplay(runAs)}`);
      return failed(
        `${toDisplay(user)} cannot run commands as ${toDisplay(runAs)}`,
        'Write the rule with (ALL:ALL): `NAME ALL=(ALL:ALL) NOPASSWD: ALL`.',
      );
    }),
};
