import { type Check, failed, passed } from '../check.ts';
import { withDistribution } from '../concerns.ts';
import { absolute, inodeWords, shellPath } from '../looking/modes.ts';

const paths = ['etc/passwd', 'etc/group'] as const;

export const accountsReadable: Check = {
  id: 'accounts-readable',
  title: 'everybody may read /etc/passwd and /etc/group, and only root may write them',
  why: 'Who cannot read them has no name: `I have no name!`, and sudo, ssh and git refuse to work.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [withDistribution],
  async look({ files }) {
    for (const path of paths) {
      const file = await files.follow(path);
      const mend = `RUN chown root:root ${shellPath(path)} && chmod 0644 ${shellPath(path)}`;
      const at = { path, line: null };
      if (file?.type !== 'file')
        return failed(
          `${absolute(path)} is no file`,
          'Take the file from the base image again.',
          at,
        );
      if (file.uid !== 0 || (file.mode & 0o022) !== 0 || (file.mode & 0o444) !== 0o444)
        return failed(inodeWords(file), mend, at);
    }
    return passed('both are');
  },
};
