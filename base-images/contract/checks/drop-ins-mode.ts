import { type Check, failed, passed } from '../check.ts';
import { withVisudo, withSudoersDirectory } from '../concerns.ts';
import { dropInsOf } from '../looking/drop-ins.ts';
import { inodeWords, shellPath } from '../looking/modes.ts';

export const dropInsMode: Check = {
  id: 'drop-ins-mode',
  title: 'every file in /etc/sudoers.d is 0440 and owned by root:root',
  why: 'With another mode the rules hold, but `visudo -c` ends with 1: a script that checks its work with it stops there.',
  on: 'tree',
  code: 'base_sudoers_broken',
  concerns: [withVisudo, withSudoersDirectory],
  async look({ files }) {
    const all = await dropInsOf(files);
    const other = all.filter(({ mode, uid, gid }) => mode !== 0o440 || uid !== 0 || gid !== 0);
    const [first] = other;
    if (first === undefined) return passed(`${all.length} files are 0440 root:root`);
    const path = shellPath(first.path);
    return failed(
      other.slice(0, 10).map(inodeWords),
      `RUN chown root:root ${path} && chmod 0440 ${path}`,
      { path: first.path, line: null },
    );
  },
};
