import { joinPath } from '../../../src/index.ts';
import { type Check, failed, passed } from '../check.ts';
import { setUp, withApt } from '../concerns.ts';
import { readText } from '../looking/read-text.ts';

const directory = 'etc/apt/apt.conf.d';

export const aptAsksNothing: Check = {
  id: 'apt-asks-nothing',
  title: 'apt and dpkg ask nothing, and keep configuration files that were changed',
  why: 'tzdata asks for the time zone, needrestart which services to start again, dpkg what to do about /etc/sudoers: with nobody to answer, the command waits until it is ended. Variables do not cross sudo, so files must say it.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [setUp, withApt],
  async look({ files, facts }) {
    const texts: string[] = [];
    for (const name of await files.names(directory))
      texts.push((await readText(files, joinPath(directory, name))) ?? '');
    const settings = texts.join('\n');
    const mend = 'Set the image up again: `ashlar base setup IMAGE -t NAME`.';
    const at = { path: directory, line: null };
    if (!/--force-conf(old|def)/.test(settings) && !/assume-yes/i.test(settings))
      return failed(`/${directory} says nothing of questions`, mend, at);
    if (facts.packages.get('needrestart') !== null) {
      const own = (await readText(files, 'etc/needrestart/conf.d/zz-ashlar.conf')) ?? '';
      if (!own.includes("'a'"))
        return failed('needrestart asks which services to start again', mend, at);
    }
    return passed(`/${directory} answers`);
  },
};
