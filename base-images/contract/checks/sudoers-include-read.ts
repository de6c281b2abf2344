import { type IncludeLine, whatIncludes } from '../../sudoers/includes.ts';
import type { SudoersVerdict } from '../../sudoers/verdict.ts';
import { type Check, failed, type Outcome, passed } from '../check.ts';
import type { CheckedBase } from '../checked-base.ts';
import { withKnownSudo, withSudoers } from '../concerns.ts';
import { judged } from '../looking/judged.ts';
import { absolute } from '../looking/modes.ts';
import { readText } from '../looking/read-text.ts';
import { includesIn, sudoersPath } from '../looking/sudoers-lines.ts';

export const sudoersIncludeRead: Check = {
  id: 'sudoers-include-read',
  title: '/etc/sudoers includes /etc/sudoers.d in a spelling that its sudo reads',
  why: 'Without it no file in /etc/sudoers.d is read, and nothing says so. `#includedir` is read by every sudo and by sudo-rs, `@includedir` since sudo 1.9.1.',
  on: 'tree',
  code: 'base_sudoers_broken',
  concerns: [withKnownSudo, withSudoers],
  look: (base) => judged(base, (verdict) => lookAt(base, verdict)),
};

async function lookAt({ files }: CheckedBase, verdict: SudoersVerdict): Promise<Outcome> {
  const [directive] = await whatIncludes(verdict, files);
  if (directive !== undefined)
    return passed(`line ${directive.line} of ${absolute(directive.path)} is read`);
  const lines = includesIn((await readText(files, sudoersPath)) ?? '');
  const unread = verdict.lockedOut ? refusedIn(lines, verdict) : (lines[0] ?? null);
  if (unread !== null)
    return failed(
      `/etc/sudoers:${unread.line}: ${unread.style}includedir is not read by this sudo`,
      `Write line ${unread.line} of /etc/sudoers as \`#includedir /etc/sudoers.d\`.`,
      { path: sudoersPath, line: unread.line },
    );
  const [first] = lines;
  if (first !== undefined) return passed(`line ${first.line} has ${first.style}includedir`);
  return failed(
    '/etc/sudoers has no line that includes /etc/sudoers.d: what is in there is not read',
    'Add the line `#includedir /etc/sudoers.d` to /etc/sudoers with visudo, after a line that ends; not with @, which older sudo does not read.',
    { path: sudoersPath, line: null },
  );
}

/** Where sudo gave up, lines after that one may be right: null unless the only one is what it gave up at. */
function refusedIn(
  lines: readonly IncludeLine[],
  { problems }: SudoersVerdict,
): IncludeLine | null {
  const [only, ...more] = lines;
  if (only === undefined || more.length > 0) return null;
  const isRefused = problems.some(
    ({ path, line }) => path.endsWith('etc/sudoers') && line === only.line,
  );
  return isRefused ? only : null;
}
