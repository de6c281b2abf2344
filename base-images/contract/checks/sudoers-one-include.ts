import { type Check, failed, passed } from '../check.ts';
import { withSudoers } from '../concerns.ts';
import { readText } from '../looking/read-text.ts';
import { includesIn, sudoersPath } from '../looking/sudoers-lines.ts';

export const sudoersOneInclude: Check = {
  id: 'sudoers-one-include',
  title: '/etc/sudoers includes /etc/sudoers.d no more than once',
  why: 'A second include reads every file twice: an alias is then defined twice, which is an error, and with sudo before 1.9.1 a second line spelled with @ locks everybody out.',
  on: 'tree',
  code: 'base_sudoers_broken',
  concerns: [withSudoers],
  async look({ files }) {
    const includes = includesIn((await readText(files, sudoersPath)) ?? '');
    const [first, second] = includes;
    if (first === undefined) return passed('there is none');
    if (second === undefined) return passed(`line ${first.line} is the only one`);
    return failed(
      `/etc/sudoers:${second.line}: includes /etc/sudoers.d again, after line ${first.line}`,
      `Remove line ${second.line} of /etc/sudoers: line ${first.line} does it already. Do not append an include; put a file into /etc/sudoers.d.`,
      { path: sudoersPath, line: second.line },
    );
  },
};
