import type { BytePath } from '../../../src/index.ts';
import { type Check, failed, notApplicable, passed } from '../check.ts';
import { absolute } from '../looking/modes.ts';
import { engineWords } from '../../sudoers/mend.ts';

const names: readonly BytePath[] = [
  'usr/local/bin/sudo',
  'usr/local/bin/visudo',
  'usr/bin/sudo',
  'usr/sbin/visudo',
  'etc/alternatives/sudo',
  'etc/alternatives/visudo',
];

export const sudoLeadsSomewhere: Check = {
  id: 'sudo-leads-somewhere',
  title: 'the names sudo and visudo lead to programs',
  why: 'From Ubuntu 25.10 on both are links of the alternatives to sudo-rs or to sudo.ws. A link that leads nowhere is what is left when one of them was removed or a layer was flattened without the links.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [],
  async look({ files, facts }) {
    for (const path of names) {
      const file = await files.at(path);
      if (file?.type !== 'symlink' || (await files.follow(path)) !== null) continue;
      return failed(
        `${absolute(path)} leads to ${absolute(file.target ?? '')}, which is not there`,
        'Install sudo anew, or turn the alternative: RUN update-alternatives --auto sudo',
        { path, line: null },
      );
    }
    const { program, others } = facts.sudo;
    if (program === null) return notApplicable('there is no sudo');
    return passed(
      `${absolute(program.path)} is ${absolute(program.realPath)} (${engineWords(program.engine)})`,
      ...others.map(
        ({ realPath, engine }) => `beside it ${absolute(realPath)} (${engineWords(engine)})`,
      ),
    );
  },
};
