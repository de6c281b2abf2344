import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, passed } from '../check.ts';
import { withOwnUser, withSudo } from '../concerns.ts';
import { outputLines } from '../looking/output-lines.ts';

export const sudoHome: Check = {
  id: 'sudo-home',
  title: "under sudo, HOME is root's; in releases that are known for it, the caller's",
  why: "Ubuntu's sudo kept the caller's HOME until 19.04: `sudo npm` then leaves files of root in the user's home. Who knows which it is can be ready for it.",
  on: 'container',
  code: 'base_unfit',
  concerns: [withSudo, withOwnUser],
  async look({ user, facts, release, run }) {
    const name = toDisplay(user ?? '');
    const { exitCode, stdout, stderr } = await run({ argv: ['sudo', '-n', 'env'], user: name });
    const home = /^HOME=(.*)$/m.exec(stdout.toString('latin1'))?.[1];
    if (exitCode !== 0 || home === undefined)
      return failed(
        [`sudo -n env as ${name} ended with ${exitCode}`, ...outputLines(stderr)],
        'Mend what sudo says above.',
      );
    const homes = {
      root: facts.users.byUid(0)?.home ?? '/root',
      caller: facts.users.byName(user ?? '')?.home ?? '',
    };
    const expected = release?.sudo.home.value ?? 'root';
    const shown = `HOME=${toDisplay(home)}`;
    if (home === homes[expected]) return passed(`${shown}, as expected (${expected}'s)`);
    // Nobody is harmed where a rule mends what the release is known for.
    if (home === homes.root)
      return passed(`${shown}, though this release is known to keep the caller's`);
    return failed(
      `${shown}, where ${toDisplay(homes[expected])} was expected`,
      'Take env_keep of HOME and !env_reset out of the sudoers files, or add `Defaults always_set_home`.',
    );
  },
};
