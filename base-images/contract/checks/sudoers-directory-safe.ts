import { type Check, failed, passed } from '../check.ts';
import { withSudo, withSudoers } from '../concerns.ts';
import { inodeWords } from '../looking/modes.ts';
import { sudoersDirectory } from '../looking/sudoers-lines.ts';

export const sudoersDirectorySafe: Check = {
  id: 'sudoers-directory-safe',
  title: "/etc/sudoers.d is there, is root's, and nobody else may write it",
  why: 'A directory that others may write is left out as a whole, with every rule in it, while `visudo -c` of sudo still ends with 0; one that is missing makes sudo-rs complain at every call.',
  on: 'tree',
  code: 'base_sudoers_broken',
  concerns: [withSudo, withSudoers],
  look({ facts }) {
    const { directory } = facts.sudoers;
    const mend =
      'Make it so in the Dockerfile: RUN mkdir -p /etc/sudoers.d && chown root:root /etc/sudoers.d && chmod 0755 /etc/sudoers.d';
    const at = { path: sudoersDirectory, line: null };
    if (directory === null) return failed('/etc/sudoers.d is not there', mend, at);
    if (directory.type !== 'directory')
      return failed(`/etc/sudoers.d is no directory: ${directory.type}`, mend, at);
    const { mode, uid, gid } = directory;
    const isSafe = uid === 0 && (mode & 0o002) === 0 && ((mode & 0o020) === 0 || gid === 0);
    return isSafe ? passed(inodeWords(directory)) : failed(inodeWords(directory), mend, at);
  },
};
