import { type Check, failed, passed } from '../check.ts';
import { withSudo } from '../concerns.ts';
import { absolute, inodeWords, shellPath } from '../looking/modes.ts';

export const sudoSetuid: Check = {
  id: 'sudo-setuid',
  title: 'sudo is owned by root and has the setuid bit',
  why: 'A copy with COPY --chown, a tar unpacked by another user, or chown after chmod take the bit away; then sudo says that it must be owned by uid 0 and have the setuid bit set.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [withSudo],
  async look({ files, facts }) {
    const path = facts.sudo.program?.realPath ?? '';
    const file = await files.follow(path);
    if (file !== null && file.uid === 0 && (file.mode & 0o4000) !== 0)
      return passed(inodeWords(file));
    return failed(
      file === null ? `${absolute(path)} is not there` : inodeWords(file),
      `RUN chown root:root ${shellPath(path)} && chmod 4755 ${shellPath(path)}, in this order`,
      { path, line: null },
    );
  },
};
