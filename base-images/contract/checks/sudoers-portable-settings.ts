import { type Check, failed, notApplicable, passed } from '../check.ts';
import type { CheckedBase } from '../checked-base.ts';
import { withKnownSudo, withSudoers } from '../concerns.ts';
import { judged } from '../looking/judged.ts';
import { absolute } from '../looking/modes.ts';
import { readText } from '../looking/read-text.ts';
import { lineAt, withoutSlash } from '../looking/sudoers-lines.ts';
import { problemWords, quoteLine } from '../../sudoers/mend.ts';
import type { SudoersProblem } from '../../sudoers/verdict.ts';

/** The oldest sudo-rs that answers to sudo in a release. */
const successor = { provider: 'sudo-rs', version: '0.2.8' } as const;

export const sudoersPortableSettings: Check = {
  id: 'sudoers-portable-settings',
  title: 'the sudoers files have no setting and no rule that sudo-rs refuses',
  why: 'Where sudo-rs answers to sudo, `requiretty`, `logfile`, negative timeouts, CHROOT, regular expressions and wildcards in arguments are errors: the line is left out, with all that it allows or forbids.',
  on: 'tree',
  code: 'base_sudoers_broken',
  concerns: [withKnownSudo, withSudoers],
  look: (base) =>
    judged(base, async (own) => {
      if (own.lockedOut) return notApplicable("about files that the image's own sudo takes");
      const { problems, reads } = await base.sudoersFor(successor);
      for (const problem of problems) {
        const { path, line, severity } = problem;
        const isKnown = own.problems.some((one) => one.path === path && one.line === line);
        if (isKnown || (severity !== 'recovered' && severity !== 'fatal')) continue;
        if (await isOfLineEnds(base, problem)) continue;
        return failed(
          [`sudo-rs: ${problemWords(problem)}`, ...(await quoteLine(base.files, problem))],
          `Write ${line === null ? absolute(path) : `line ${line} of ${absolute(path)}`} without it; for logs, systemd's journal has what sudo does.`,
          { path, line },
        );
      }
      return passed(`sudo-rs ${successor.version} would take these ${reads.length} files too`);
    }),
};

/** Other checks are about how lines and files end, and about what is included. */
async function isOfLineEnds(
  { files }: CheckedBase,
  { path, line }: SudoersProblem,
): Promise<boolean> {
  const text = await lineAt(files, { path, line });
  if (text === null || /^[#@]include/.test(text) || text.endsWith('\r')) return true;
  const whole = (await readText(files, withoutSlash(path))) ?? '';
  return whole.endsWith(text);
}
