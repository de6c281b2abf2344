import { type Check, failed, notApplicable, passed } from '../check.ts';
import { withBefore, withSudoers } from '../concerns.ts';
import { inodeWords } from '../looking/modes.ts';
import { readText } from '../looking/read-text.ts';
import { sudoersPath } from '../looking/sudoers-lines.ts';

export const sudoersUnchanged: Check = {
  id: 'sudoers-unchanged',
  title: 'the setup left /etc/sudoers as it was, byte for byte',
  why: 'Whatever is appended to it can be an error in some release, or be joined to a last line that has no end; and the next update of the package asks about a file that was changed.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [withBefore, withSudoers],
  async look({ files, before }) {
    if (before === null) return notApplicable('nobody knows what it was');
    const then = await before.follow(sudoersPath);
    const now = await files.follow(sudoersPath);
    const same = (await readText(before, sudoersPath)) === (await readText(files, sudoersPath));
    if (then === null || now === null)
      return notApplicable('there was none before the setup, or there is none now');
    const mend =
      'Take out what was changed in /etc/sudoers after the base image, or move it to a file in /etc/sudoers.d; then set the image up again.';
    if (!same)
      return failed(
        `/etc/sudoers has ${now.sizeBytes} bytes, and had ${then.sizeBytes} others before the setup`,
        mend,
        { path: sudoersPath, line: null },
      );
    const inodes = [then, now].map(inodeWords);
    if (inodes[0] === inodes[1]) return passed(`its ${now.sizeBytes} bytes are what they were`);
    return failed([`now ${inodes[1]}`, `before ${inodes[0]}`], mend, {
      path: sudoersPath,
      line: null,
    });
  },
};
