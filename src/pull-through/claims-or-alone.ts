import type { AshlarError } from '../errors/ashlar-error.ts';
import { hasCode } from '../errors/has-code.ts';
import type { Claim, HostClaims } from './host-claims.ts';

/**
 * Claims for who would rather do something twice than not at all: as long as the directory of the claims cannot be used, as
 * on a full disk, every claim is granted, so that work is done once in each process. Tells of each failure.
 */
export function claimsOrAlone(
  claims: HostClaims,
  onProblem: (problem: AshlarError) => void,
): HostClaims {
  async function orElse<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!hasCode(error, 'home_unusable')) throw error;
      onProblem(error);
      return otherwise;
    }
  }
  return {
    async claim(key) {
      const claim = await orElse(() => claims.claim(key), alone);
      return claim.kind === 'mine'
        ? { kind: 'mine', release: () => orElse(claim.release, undefined) }
        : { kind: 'theirs', ended: orElse(() => claim.ended, undefined) };
    },
    [Symbol.asyncDispose]: () => claims[Symbol.asyncDispose](),
  };
}

const alone: Claim = { kind: 'mine', release: async () => {} };
