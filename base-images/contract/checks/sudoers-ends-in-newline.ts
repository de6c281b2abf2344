import { type Check, failed, passed } from '../check.ts';
import { withSudoers } from '../concerns.ts';
import { sudoersPath } from '../looking/sudoers-lines.ts';

export const sudoersEndsInNewline: Check = {
  id: 'sudoers-ends-in-newline',
  title: 'the last line of /etc/sudoers ends in a newline',
  why: 'What is appended next joins the last line: `#includedir /etc/sudoers.ddev ALL=...` loses the include and the rule at once, and sudo-rs and sudo 1.8.16 call the file right. sudo-rs complains of such a file at every call.',
  on: 'tree',
  code: 'base_sudoers_broken',
  concerns: [withSudoers],
  look({ facts: { sudoers } }) {
    if (sudoers.endsInNewline || sudoers.bytes === 0)
      return passed(`${sudoers.lines} lines, the last one ends`);
    return failed(
      `/etc/sudoers:${sudoers.lines}: the last line has no end`,
      "Give the file a newline at its end: RUN sed -i -e '$a\\' /etc/sudoers",
      { path: sudoersPath, line: sudoers.lines },
    );
  },
};
