import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, passed } from '../check.ts';
import { withKnownSudo } from '../concerns.ts';
import { judged } from '../looking/judged.ts';
import { engineWords, mendOf, problemWords, quoteLine } from '../../sudoers/mend.ts';

export const sudoersParses: Check = {
  id: 'sudoers-parses',
  title: 'no line of the sudoers files locks everybody out',
  why: 'Before 1.9.3 one line that sudo does not understand ends every call of sudo, of everybody and for good: a line appended in 2018, which includes a directory that was included already, was an error on line 31, and the machine seemed to stop for no reason.',
  on: 'tree',
  code: 'base_sudoers_broken',
  concerns: [withKnownSudo],
  look: (base) =>
    judged(base, async ({ lockedOut, lockedOutBy, saysItself }) => {
      const { files, facts } = base;
      const engine = facts.sudo.program?.engine ?? { provider: 'sudo', version: null };
      if (!lockedOut) return passed(`${engineWords(engine)} takes the files`);
      const said = saysItself.map((line) => toDisplay(line));
      if (lockedOutBy === null)
        return failed(said, 'Mend what sudo says of its files; nobody can use it.');
      return failed(
        [problemWords(lockedOutBy), ...(await quoteLine(files, lockedOutBy)), ...said],
        await mendOf(files, lockedOutBy, engine),
        { path: lockedOutBy.path, line: lockedOutBy.line },
      );
    }),
};
