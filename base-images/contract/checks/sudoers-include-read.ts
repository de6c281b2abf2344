import { type Check, failed, passed } from '../check.ts';
import { withKnownSudo, withSudoers } from '../concerns.ts';
import { judged } from '../looking/judged.ts';
import { sudoersPath } from '../looking/sudoers-lines.ts';
import { readText } from '../looking/read-text.ts';
import { includesIn } from '../looking/sudoers-lines.ts';

export const sudoersIncludeRead: Check = {
  id: 'sudoers-include-read',
  title: '/etc/sudoers includes /etc/sudoers.d in a spelling that its sudo reads',
  why: 'Without it no file in /etc/sudoers.d is read, and nothing says so. `#includedir` is read by every sudo and by sudo-rs, `@includedir` since sudo 1.9.1.',
  on: 'tree',
  code: 'base_sudoers_broken',
  concerns: [withKnownSudo, withSudoers],
  look: (base) =>
    judged(base, async ({ reads, skips, problems }) => {
      const includes = includesIn((await readText(base.files, sudoersPath)) ?? '');
      const [first] = includes;
      if (first === undefined) {
        return failed(
          '/etc/sudoers has no line that includes /etc/sudoers.d: what is in there is not read',
          'Add the line `#includedir /etc/sudoers.d` to /etc/sudoers with visudo, after a line that ends; not with @, which older sudo does not read.',
          { path: sudoersPath, line: null },
        );
      }
      const lines = new Set(includes.map(({ line }) => line));
      const isFollowed = [...reads, ...skips].some(({ from }) => lines.has(from?.line ?? 0));
      const refused = problems.find(
        ({ path, line }) => path.endsWith('etc/sudoers') && line !== null && lines.has(line),
      );
      const isOnly = lines.size === 1;
      if (refused !== undefined && isOnly && !isFollowed) {
        return failed(
          `/etc/sudoers:${first.line}: ${first.style}includedir is not read by this sudo`,
          `Write line ${first.line} of /etc/sudoers as \`#includedir /etc/sudoers.d\`.`,
          { path: sudoersPath, line: first.line },
        );
      }
      return passed(`line ${first.line} has ${first.style}includedir`);
    }),
};
