import { type Check, failed, passed } from '../check.ts';
import { inodeWords, shellPath } from '../looking/modes.ts';

const paths = ['', 'etc', 'usr'] as const;

export const rootOpen: Check = {
  id: 'root-open',
  title: 'everybody may enter /, /etc and /usr',
  why: 'An archive of a directory that mktemp made has 0700 on its root: everything works as root, and nobody else can start a program.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [],
  async look({ files }) {
    for (const path of paths) {
      const directory = await files.follow(path);
      if (directory === null || (directory.mode & 0o005) === 0o005) continue;
      return failed(inodeWords(directory), `RUN chmod 0755 ${shellPath(path)}`, {
        path,
        line: null,
      });
    }
    return passed('they are open');
  },
};
