import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, passed } from '../check.ts';
import { withOwnUser, withSudo } from '../concerns.ts';
import { outputLines } from '../looking/output-lines.ts';

export const sudoPath: Check = {
  id: 'sudo-path',
  title: 'under sudo, programs in /usr/local/bin are found, but in releases that are known not to',
  why: 'Debian 14 takes /usr/local out of secure_path: what `npm install -g` or `make install` brings is then not found under sudo, though it is without.',
  on: 'container',
  code: 'base_unfit',
  concerns: [withSudo, withOwnUser],
  async look({ user, release, run }) {
    const name = toDisplay(user ?? '');
    const { exitCode, stdout, stderr } = await run({ argv: ['sudo', '-n', 'env'], user: name });
    const path = /^PATH=(.*)$/m.exec(stdout.toString('latin1'))?.[1];
    if (exitCode !== 0 || path === undefined)
      return failed(
        [`sudo -n env as ${name} ended with ${exitCode}`, ...outputLines(stderr)],
        'Mend what sudo says above.',
      );
    const shown = `PATH=${toDisplay(path)}`;
    const directories = path.split(':');
    if (!directories.includes('/usr/bin'))
      return failed(
        `${shown} does not even have /usr/bin`,
        'Mend secure_path in the sudoers files.',
      );
    if (directories.includes('/usr/local/bin')) return passed(shown);
    if (release?.sudo.localInSecurePath.value === false)
      return passed(`${shown}: this release leaves /usr/local out`);
    return failed(
      `${shown} does not have /usr/local/bin`,
      'Add it to secure_path in a file of /etc/sudoers.d: Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"',
    );
  },
};
