import { type Check, failed, passed } from '../check.ts';
import { withKnownSudo, withSudoers, withVisudo } from '../concerns.ts';
import { absolute } from '../looking/modes.ts';
import { outputLines } from '../looking/output-lines.ts';
import { parseVisudo } from '../looking/parse-visudo.ts';
import { judged } from '../looking/judged.ts';

export const visudoAgrees: Check = {
  id: 'visudo-agrees',
  title: "the image's own `visudo -c` says of the sudoers files what Ashlar reads in them",
  why: 'What Ashlar knows of this sudo was learned from other builds. Where the real one says something else, it is right, and the other checks of these files may be wrong.',
  on: 'container',
  code: 'base_unfit',
  concerns: [withKnownSudo, withSudoers, withVisudo],
  look: (base) =>
    judged(base, async (verdict) => {
      const program = absolute(base.facts.sudo.visudoPath ?? '');
      const { exitCode, stdout, stderr } = await base.run({ argv: [program, '-c'] });
      const real = parseVisudo(Buffer.concat([stdout, stderr]));
      const said = [...outputLines(stdout), ...outputLines(stderr)];
      const sameCode = exitCode === verdict.visudo.exitCode;
      const unforeseen = real.find(
        ({ path, line }) =>
          !verdict.problems.some((problem) => problem.path === path && problem.line === line),
      );
      if (sameCode && unforeseen === undefined) return passed(`both end with ${exitCode}`, ...said);
      const [first = null] = unforeseen === undefined ? real : [unforeseen];
      return failed(
        [
          sameCode && first !== null
            ? `${program} -c complains of ${absolute(first.path)}:${first.line}, and nothing was expected there`
            : `${program} -c ends with ${exitCode}, and ${verdict.visudo.exitCode} was expected`,
          ...said,
          ...verdict.visudo.says.slice(0, 8).map((line) => `expected: ${line}`),
        ],
        'Believe visudo: mend what it says. Then report both answers with the files, so that Ashlar learns this build.',
        first,
      );
    }),
};
