import { type Check, failed, passed } from '../check.ts';
import { setUp, withKnownSudo, withUser } from '../concerns.ts';
import { dropInPath } from '../looking/drop-in.ts';
import { judged } from '../looking/judged.ts';
import { absolute } from '../looking/modes.ts';
import { withoutSlash } from '../looking/sudoers-lines.ts';

export const userRuleLast: Check = {
  id: 'user-rule-last',
  title: 'no rule that is read after that of the setup takes it back',
  why: 'The last rule that matches wins: a later one for the same user or a group of theirs that asks for a password makes `sudo -n` fail, though a rule with NOPASSWD is there.',
  on: 'tree',
  code: 'base_sudoers_broken',
  concerns: [setUp, withKnownSudo, withUser],
  look: (base) =>
    judged(base, async ({ reads, allows, lockedOut }) => {
      const paths = reads.map(({ path }) => withoutSlash(path));
      const own = paths.lastIndexOf(dropInPath);
      if (own === -1)
        return failed(
          `${absolute(dropInPath)} is not read`,
          'Set the image up again with `ashlar base setup`; where it is still not read, another check says why.',
          { path: dropInPath, line: null },
        );
      const later = paths.slice(own + 1);
      if (lockedOut || (await allows({ user: base.user ?? '', command: 'ALL' })) === 'nopasswd')
        return passed(
          later.length === 0
            ? 'it is read last'
            : `${later.length} files after it take nothing back`,
        );
      const suspect = later.at(-1) ?? 'etc/sudoers';
      return failed(
        [
          `${absolute(suspect)} is read after ${absolute(dropInPath)}, and its rule wins`,
          ...later.map((path) => `then sudo reads ${absolute(path)}`),
        ],
        suspect === 'etc/sudoers'
          ? 'Move the include of /etc/sudoers.d behind the rules of /etc/sudoers, or remove the rule for this user there.'
          : `Give ${absolute(suspect)} a name that sorts before zz, or remove its rule for this user.`,
        { path: suspect, line: null },
      );
    }),
};
