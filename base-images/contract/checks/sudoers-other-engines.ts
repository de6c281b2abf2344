import { type Check, failed, passed } from '../check.ts';
import { withOtherSudo, withSudoers } from '../concerns.ts';
import { engineWords, mendOf, problemWords, quoteLine } from '../../sudoers/mend.ts';
import { absolute } from '../looking/modes.ts';

export const sudoersOtherEngines: Check = {
  id: 'sudoers-other-engines',
  title: 'the sudoers files hold for every sudo that the image has',
  why: 'Where sudo and sudo-rs are both installed, an alternative decides which of them answers, and an update can turn it; sudo-rs refuses settings that sudo takes.',
  on: 'tree',
  code: 'base_sudoers_broken',
  concerns: [withOtherSudo, withSudoers],
  async look(base) {
    const seen: string[] = [];
    for (const { engine, path } of base.facts.sudo.others) {
      const { provider, version } = engine;
      if (version === null) continue;
      const { problems } = await base.sudoersFor({ provider, version });
      const bad = problems.find(({ severity }) => severity === 'fatal' || severity === 'recovered');
      if (bad !== undefined) {
        return failed(
          [
            `${absolute(path)} (${engineWords(engine)}): ${problemWords(bad)}`,
            ...(await quoteLine(base.files, bad)),
          ],
          await mendOf(base.files, bad, engine),
          { path: bad.path, line: bad.line },
        );
      }
      seen.push(`${absolute(path)} (${engineWords(engine)}) takes the files`);
    }
    return passed(...seen);
  },
};
