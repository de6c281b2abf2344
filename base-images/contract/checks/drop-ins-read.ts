import { joinPath } from '../../../src/index.ts';
import { type Check, failed, passed } from '../check.ts';
import { withSudo, withSudoersDirectory } from '../concerns.ts';
import { isLeftover, isSkippedName } from '../looking/drop-ins.ts';
import { absolute, shellPath } from '../looking/modes.ts';
import { sudoersDirectory } from '../looking/sudoers-lines.ts';

export const dropInsRead: Check = {
  id: 'drop-ins-read',
  title: 'no file in /etc/sudoers.d has a name that sudo passes over',
  why: 'A name with a dot, such as dev.user, or one that ends in ~ is passed over by every sudo without a word, and visudo calls the files right: the rule is simply not there.',
  on: 'tree',
  code: 'base_sudoers_broken',
  concerns: [withSudo, withSudoersDirectory],
  async look({ files }) {
    const names = await files.names(sudoersDirectory);
    const skipped = names.filter((name) => isSkippedName(name) && !isLeftover(name));
    const [first] = skipped;
    if (first === undefined) return passed(`${names.length} names, none is passed over`);
    const path = joinPath(sudoersDirectory, first);
    const plain = first.replaceAll(/[.~]/g, '-');
    return failed(
      skipped
        .slice(0, 10)
        .map((name) => `${absolute(joinPath(sudoersDirectory, name))} is not read`),
      `Rename it to letters, digits, dashes and underscores: RUN mv ${shellPath(path)} ${shellPath(joinPath(sudoersDirectory, plain))}`,
      { path, line: null },
    );
  },
};
