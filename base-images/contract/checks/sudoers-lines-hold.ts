import { type Check, failed, notApplicable, passed } from '../check.ts';
import { withKnownSudo, withSudoers } from '../concerns.ts';
import { judged } from '../looking/judged.ts';
import { engineWords, mendOf, problemWords, quoteLine } from '../../sudoers/mend.ts';

export const sudoersLinesHold: Check = {
  id: 'sudoers-lines-hold',
  title: 'sudo leaves out no line of the sudoers files, and complains of none',
  why: 'Since 1.9.3, and in sudo-rs, a line that sudo does not understand is left out with all that it allows or forbids, and every call of sudo says so on stderr.',
  on: 'tree',
  code: 'base_sudoers_broken',
  concerns: [withKnownSudo, withSudoers],
  look: (base) =>
    judged(base, async ({ problems, lockedOut }) => {
      if (lockedOut) return notApplicable("about files that the image's own sudo takes");
      const { files, facts } = base;
      const lasting = problems.filter(
        ({ severity }) => severity === 'recovered' || severity === 'warning',
      );
      const [first] = lasting;
      if (first === undefined) return passed('every line holds');
      const engine = facts.sudo.program?.engine ?? { provider: 'sudo', version: null };
      return failed(
        [
          problemWords(first),
          ...(await quoteLine(files, first)),
          ...lasting.slice(1, 10).map(problemWords),
          `${engineWords(engine)} says so at every call`,
        ],
        await mendOf(files, first, engine),
        { path: first.path, line: first.line },
      );
    }),
};
