import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, passed } from '../check.ts';
import { withOwnUser, withSudo } from '../concerns.ts';
import { outputLines } from '../looking/output-lines.ts';

export const sudoRuns: Check = {
  id: 'sudo-runs',
  title: 'as the working user, `sudo -n id -u` prints 0',
  why: 'visudo is not enough: sudo-rs and sudo 1.8.16 call a file right whose include and rule were both lost. Only what sudo does shows it. What it says on stderr does not count: 1.8.31 complains of setrlimit in every container.',
  on: 'container',
  code: 'base_sudoers_broken',
  concerns: [withSudo, withOwnUser],
  async look({ user, run }) {
    const name = toDisplay(user ?? '');
    const result = await run({ argv: ['sudo', '-n', 'id', '-u'], user: name });
    const said = outputLines(result.stderr);
    if (result.exitCode === 0 && result.stdout.toString('latin1').trim() === '0')
      return passed(`${name} becomes root`, ...said);
    return failed(
      [
        `sudo -n id -u as ${name} ended with ${result.exitCode}`,
        ...said,
        ...outputLines(result.stdout),
      ],
      'The checks of the sudoers files say which line is at fault; where they pass, what sudo says above does.',
    );
  },
};
