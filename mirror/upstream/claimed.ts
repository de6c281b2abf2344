import { type FetchContext } from '../fetch-context.ts';

const maxTurns = 5;

/**
 * Runs `work` while no other process of this host does so for the same key. `work` is told whether nobody was before it:
 * else it looks first whether the other one has done it.
 */
export async function claimed<T>(
  { claims }: Pick<FetchContext, 'claims'>,
  key: string,
  work: (isFirst: boolean) => Promise<T>,
): Promise<T> {
  for (let turn = 0; ; turn += 1) {
    const claim = await claims.claim(key);
    if (claim.kind === 'mine') {
      try {
        return await work(turn === 0);
      } finally {
        await claim.release();
      }
    }
    await claim.ended;
    // Who waits that often for others that all fail does it alone.
    if (turn >= maxTurns) return work(false);
  }
}
