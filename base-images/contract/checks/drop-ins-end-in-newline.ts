import { type Check, failed, passed } from '../check.ts';
import { withSudo, withSudoersDirectory } from '../concerns.ts';
import { dropInsOf } from '../looking/drop-ins.ts';
import { absolute, shellPath } from '../looking/modes.ts';
import { linesOf, readText } from '../looking/read-text.ts';

export const dropInsEndInNewline: Check = {
  id: 'drop-ins-end-in-newline',
  title: 'the last line of every file in /etc/sudoers.d ends in a newline',
  why: 'sudo-rs says `missing line terminator` at every call and its visudo ends with 1; sudo takes it, so it is seen only where sudo-rs answers.',
  on: 'tree',
  code: 'base_sudoers_broken',
  concerns: [withSudo, withSudoersDirectory],
  async look({ files }) {
    const all = await dropInsOf(files);
    for (const { path } of all) {
      const text = (await readText(files, path)) ?? '';
      if (text === '' || text.endsWith('\n')) continue;
      const line = linesOf(text).length;
      return failed(
        `${absolute(path)}:${line}: the last line has no end`,
        `End the file with a newline: printf '...\\n' or echo, not printf without \\n. RUN sed -i -e '$a\\' ${shellPath(path)}`,
        { path, line },
      );
    }
    return passed(`${all.length} files end in a newline`);
  },
};
