import { AshlarError } from '../errors/ashlar-error.ts';
import type { CommandContext } from './command-context.ts';

/** Throws `home_unusable` when the state directory cannot hold files, `disk_full` when it is for lack of room. */
export async function ensureHome({ config, homeProblem }: CommandContext): Promise<void> {
  const problem = await homeProblem();
  if (problem === null) return;
  const isFull = /No space left on device|Disk quota exceeded/.test(problem.words);
  throw new AshlarError(
    isFull ? 'disk_full' : 'home_unusable',
    `ASHLAR_HOME ${config.home} ${problem.words}`,
    { data: { path: config.home } },
  );
}
