import type { PullContext } from './pull-context.ts';

const maxTurns = 5;

/**
 * Runs `work` while no other process of this host does so for the same key. Another one may have done it meanwhile, also
 * where nobody had to be waited for: `work` looks first.
 */
export async function claimed<T>(
  { claims }: Pick<PullContext, 'claims'>,
  key: string,
  work: () => Promise<T>,
): Promise<T> {
  for (let turn = 0; ; turn += 1) {
    const claim = await claims.claim(key);
    if (claim.kind === 'mine') {
      try {
        return await work();
      } finally {
        await claim.release();
      }
    }
    await claim.ended;
    // Who waits that often for others that all fail does it alone.
    if (turn >= maxTurns) return work();
  }
}
