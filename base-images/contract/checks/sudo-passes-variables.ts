import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, passed } from '../check.ts';
import { withOwnUser, withSudo } from '../concerns.ts';
import { outputLines } from '../looking/output-lines.ts';

export const sudoPassesVariables: Check = {
  id: 'sudo-passes-variables',
  title: '`sudo NAME=value command` sets the variable',
  why: "It is the one way that every sudo and sudo-rs knows: -E does nothing under sudo-rs, and --preserve-env=NAME nothing before 1.8.21. Proxies, certificates and apt's silence depend on it.",
  on: 'container',
  code: 'base_sudoers_broken',
  concerns: [withSudo, withOwnUser],
  async look({ user, run }) {
    const name = toDisplay(user ?? '');
    const argv = ['sudo', '-n', 'ASHLAR_CHECK=seen', 'env'];
    const { exitCode, stdout, stderr } = await run({ argv, user: name });
    if (exitCode === 0 && /^ASHLAR_CHECK=seen$/m.test(stdout.toString('latin1')))
      return passed('the variable is there');
    return failed(
      [
        `${argv.join(' ')} as ${name} ended with ${exitCode}, without the variable`,
        ...outputLines(stderr),
      ],
      'Give the rule all commands (ALL), which allows variables; NOSETENV takes that back.',
    );
  },
};
