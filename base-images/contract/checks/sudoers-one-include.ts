import { whatIncludes } from '../../sudoers/includes.ts';
import type { FileAndLine } from '../../sudoers/verdict.ts';
import { type Check, failed, passed } from '../check.ts';
import type { CheckedBase } from '../checked-base.ts';
import { withSudoers } from '../concerns.ts';
import { absolute } from '../looking/modes.ts';
import { readText } from '../looking/read-text.ts';
import { includesIn, sudoersPath } from '../looking/sudoers-lines.ts';

export const sudoersOneInclude: Check = {
  id: 'sudoers-one-include',
  title: '/etc/sudoers includes /etc/sudoers.d no more than once',
  why: 'A second include reads every file twice: an alias is then defined twice, which is an error, and with sudo before 1.9.1 a second line spelled with @ locks everybody out.',
  on: 'tree',
  code: 'base_sudoers_broken',
  concerns: [withSudoers],
  async look(base) {
    const [first, second] = await includesOf(base);
    if (first === undefined) return passed('there is none');
    if (second === undefined) return passed(`line ${first.line} is the only one`);
    const where = absolute(second.path);
    const earlier = `${first.path === second.path ? '' : `${absolute(first.path)}, `}line ${first.line}`;
    return failed(
      `${where}:${second.line}: includes /etc/sudoers.d again, after ${earlier}`,
      `Remove line ${second.line} of ${where}: ${earlier} does it already. Do not append an include; put a file into /etc/sudoers.d.`,
      second,
    );
  },
};

/** By what its sudo follows; by what people write, where nobody knows the sudo, or where it gives up at one of them. */
async function includesOf(base: CheckedBase): Promise<readonly FileAndLine[]> {
  const verdict = await base.sudoers();
  if (verdict !== null && !verdict.lockedOut) return whatIncludes(verdict, base.files);
  const lines = includesIn((await readText(base.files, sudoersPath)) ?? '');
  return lines.map(({ line }) => ({ path: sudoersPath, line }));
}
