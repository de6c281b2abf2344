import { type BytePath, parentOf, toDisplay } from '../../../src/index.ts';
import { type Check, failed, passed } from '../check.ts';
import { withOwnUser } from '../concerns.ts';
import { absolute, inodeWords, shellPath } from '../looking/modes.ts';
import { withoutSlash } from '../looking/sudoers-lines.ts';
import type { CheckedBase } from '../checked-base.ts';

export const userHome: Check = {
  id: 'user-home',
  title: 'the working user owns a home that they can reach and write',
  why: "A home made by COPY or WORKDIR is root's, and useradd leaves one that is there as it is; a directory above it that is closed to others keeps the user out. Homes are 0755, 0750 or 0700 by release.",
  on: 'tree',
  code: 'base_unfit',
  concerns: [withOwnUser],
  async look(base) {
    const { user, files, facts } = base;
    const entry = facts.users.byName(user ?? '');
    if (entry === null) return passed('the user is not there');
    const name = toDisplay(entry.name);
    const path = withoutSlash(entry.home);
    const home = await files.follow(path);
    const at = { path, line: null };
    if (home?.type !== 'directory') {
      const mend = `RUN mkdir -p ${shellPath(path)} && chown ${entry.uid}:${entry.gid} ${shellPath(path)}`;
      return failed(`${absolute(path)}, the home of ${name}, is no directory`, mend, at);
    }
    if (home.uid !== entry.uid || (home.mode & 0o700) !== 0o700) {
      const mend = `RUN chown ${entry.uid}:${entry.gid} ${shellPath(path)} && chmod u+rwx ${shellPath(path)}`;
      return failed(`${inodeWords(home)}; ${name} has uid ${entry.uid}`, mend, at);
    }
    const closed = await closedAbove(base, home.path);
    if (closed === null) return passed(inodeWords(home));
    const mend = `RUN chmod o+x ${shellPath(closed)}`;
    return failed(`${absolute(closed)} keeps ${name} out of ${absolute(path)}`, mend, {
      path: closed,
      line: null,
    });
  },
};

/** The first directory on the way that others may not enter. */
async function closedAbove({ files }: CheckedBase, home: BytePath): Promise<BytePath | null> {
  const way: BytePath[] = [];
  for (let path = home; path !== ''; path = parentOf(path)) way.unshift(parentOf(path));
  for (const path of way) {
    const directory = await files.follow(path);
    if (directory !== null && (directory.mode & 0o001) === 0) return path;
  }
  return null;
}
