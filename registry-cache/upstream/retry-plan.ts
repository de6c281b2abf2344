import { AshlarError } from '../../src/index.ts';
import type { AttemptFailure, RetryPlan } from '../../src/network.ts';
import type { CacheContext } from '../cache-context.ts';
import { type Asked, nameOf } from './refusal.ts';

/** How often something is asked for again whose answer broke off or was wrong. */
export function retryPlan(
  { retry, waiting, signal }: Pick<CacheContext, 'retry' | 'waiting' | 'signal'>,
  asked: Asked,
): RetryPlan & { readonly signal: AbortSignal } {
  return {
    policy: retry,
    waiting,
    signal,
    giveUp(failure: AttemptFailure, attempts) {
      const subject = nameOf(asked);
      const about = failure.message.startsWith(subject) ? '' : `${subject}: `;
      const problem = `${about}${failure.message}; asked ${attempts} times`;
      return new AshlarError(failure.facts.code, problem, { cause: failure, data: { subject } });
    },
  };
}
