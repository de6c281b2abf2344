import { type KnownRelease, releaseListAnswer } from './processes/answers.ts';
import type { Ashlar } from './processes/ashlar.ts';

const timeoutMs = 60_000;

/** All releases that are known, as `ashlar base ls` has them. */
export async function knownReleases(
  ashlar: Ashlar,
  signal: AbortSignal,
): Promise<readonly KnownRelease[]> {
  const args = ['base', 'ls'];
  const answer = await ashlar.call({ args, answer: releaseListAnswer, signal, timeoutMs });
  if (!answer.ok) throw new Error(`the releases cannot be listed: ${answer.failure.message}`);
  return answer.value.releases;
}
