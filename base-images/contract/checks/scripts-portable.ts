import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, passed } from '../check.ts';
import { setUp } from '../concerns.ts';
import { ashlarDirectory } from '../looking/drop-in.ts';
import { filesBelow } from '../looking/files-below.ts';
import { absolute } from '../looking/modes.ts';
import { linesOf, readText } from '../looking/read-text.ts';

/** What some release does not have, or does in another way. */
const unportable: readonly (readonly [RegExp, string])[] = [
  [/\bsudo\s+(-\w+\s+)*-\w*E\b/, 'sudo-rs passes over -E'],
  [/\bsudo\b.*--preserve-env/, 'sudo before 1.8.21 passes over --preserve-env=NAME'],
  [/\badduser\b/, 'from Ubuntu 24.04 and Debian 13 on there is no adduser'],
  [/\bdate\s+(-\w+\s+)*-r\b/, 'date of uutils 0.2 has no -r FILE'],
  [/^#!\s*\/bin\/(ba)?sh\b/, 'an image need not have a shell'],
];

export const scriptsPortable: Check = {
  id: 'scripts-portable',
  title: 'the scripts that Ashlar brings do without what some release lacks',
  why: '`sudo -E` does nothing under sudo-rs, adduser is missing since 24.04 and Debian 13, `date -r` failed with the uutils of 25.10.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [setUp],
  async look({ files }) {
    let seen = 0;
    for (const path of await filesBelow(files, ashlarDirectory)) {
      const text = (await readText(files, path)) ?? '';
      if (!text.startsWith('#!')) continue;
      seen += 1;
      for (const [index, line] of linesOf(text).entries()) {
        const found = unportable.find(([pattern]) => pattern.test(line));
        if (found === undefined || (index > 0 && line.trimStart().startsWith('#'))) continue;
        return failed(
          [
            `${absolute(path)}:${index + 1}: ${found[1]}`,
            `line ${index + 1} is: ${toDisplay(line.slice(0, 200))}`,
          ],
          'Set the image up again with this version of Ashlar; the file is not as it leaves it.',
          { path, line: index + 1 },
        );
      }
    }
    return passed(`${seen} scripts`);
  },
};
