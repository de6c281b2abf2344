import { type Check, failed, passed } from '../check.ts';
import { withSudo, withSudoersDirectory } from '../concerns.ts';
import { dropInsOf } from '../looking/drop-ins.ts';
import { inodeWords, shellPath } from '../looking/modes.ts';

export const dropInsSafe: Check = {
  id: 'drop-ins-safe',
  title: "every file in /etc/sudoers.d is root's, and nobody else may write it",
  why: "Sudo leaves out a file that is not root's or that others may write, and says so at every call; 1.9.16 and 1.9.17 say it with an empty name.",
  on: 'tree',
  code: 'base_sudoers_broken',
  concerns: [withSudo, withSudoersDirectory],
  async look({ files }) {
    const all = await dropInsOf(files);
    const [first] = all.filter(
      ({ mode, uid, gid }) =>
        uid !== 0 || (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== 0),
    );
    if (first === undefined) return passed(`${all.length} files are root's`);
    const path = shellPath(first.path);
    return failed(
      `${inodeWords(first)}: it is not read`,
      `RUN chown root:root ${path} && chmod 0440 ${path}; with COPY, --chown=root:root --chmod=0440 does it.`,
      { path: first.path, line: null },
    );
  },
};
