import { type Check, failed, passed } from '../check.ts';
import { withDistribution } from '../concerns.ts';
import { inodeWords } from '../looking/modes.ts';

export const tmpSticky: Check = {
  id: 'tmp-sticky',
  title: '/tmp is 1777',
  why: 'apt checks signatures as the user _apt, in /tmp: with another mode it says that a key is missing, or that a repository is not signed.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [withDistribution],
  async look({ files }) {
    const file = await files.follow('tmp');
    if (file === null) return passed('there is none; the machine makes it');
    if (file.type === 'directory' && file.mode === 0o1777) return passed(inodeWords(file));
    return failed(
      file.type === 'directory' ? inodeWords(file) : `/tmp is no directory: ${file.type}`,
      'RUN chmod 1777 /tmp',
      { path: 'tmp', line: null },
    );
  },
};
