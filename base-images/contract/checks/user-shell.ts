import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, passed } from '../check.ts';
import { withOwnUser, withShell } from '../concerns.ts';
import { withoutSlash } from '../looking/sudoers-lines.ts';
import { shellWord } from '../looking/modes.ts';

export const userShell: Check = {
  id: 'user-shell',
  title: 'the working user has a shell that is there',
  why: 'useradd gives /bin/sh where nobody says otherwise, and takes a shell that is not there with a warning alone: then `su`, ssh and terminals end at once.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [withOwnUser, withShell],
  async look({ user, files, facts: { users } }) {
    const shell = users.byName(user ?? '')?.shell ?? '';
    const name = toDisplay(user ?? '');
    const file = shell === '' ? null : await files.follow(withoutSlash(shell));
    const runs = file?.type === 'file' && (file.mode & 0o111) !== 0;
    const refuses = /\/(nologin|false)$/.test(shell);
    if (runs && !refuses) return passed(`${name} has ${toDisplay(shell)}`);
    return failed(
      refuses
        ? `${name} has ${toDisplay(shell)}, which lets nobody in`
        : `${name} has the shell ${JSON.stringify(toDisplay(shell))}, which is no program of the image`,
      `RUN usermod -s /bin/sh ${shellWord(name)}, or /bin/bash where the image has it`,
      { path: 'etc/passwd', line: null },
    );
  },
};
