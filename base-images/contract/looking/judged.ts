import type { SudoersVerdict } from '../../sudoers/verdict.ts';
import { type NotRun, notRun, type Outcome } from '../check.ts';
import type { CheckedBase } from '../checked-base.ts';

const unknownVersion: NotRun = notRun('nothing in the image says which version of sudo it has');

/** Looks at what the sudo of the image says of its files. */
export async function judged(
  base: CheckedBase,
  look: (verdict: SudoersVerdict) => Promise<Outcome> | Outcome,
): Promise<Outcome> {
  const verdict = await base.sudoers();
  return verdict === null ? unknownVersion : look(verdict);
}
