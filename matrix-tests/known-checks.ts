import type { Ashlar } from './processes/ashlar.ts';
import { checkListAnswer } from './processes/answers.ts';

const timeoutMs = 60_000;

/** The ids of all checks, as `ashlar base check --list` has them. */
export async function knownChecks(ashlar: Ashlar, signal: AbortSignal): Promise<readonly string[]> {
  const args = ['base', 'check', '--list'];
  const answer = await ashlar.call({ args, answer: checkListAnswer, signal, timeoutMs });
  if (!answer.ok) throw new Error(`the checks cannot be listed: ${answer.failure.message}`);
  return answer.value.checks.map(({ id }) => id);
}
