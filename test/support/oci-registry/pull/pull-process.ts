import { join } from 'node:path';
import { type Launch, startCalledProcess } from '../../recorded-upstream/called-process.ts';
import type { BurstOptions, BurstResult } from './pull-burst.ts';

/** Pulls in a process of its own, whose CPU and memory are not those of what is measured. */
export interface PullProcess extends AsyncDisposable {
  burst(url: string, options: Omit<BurstOptions, 'signal'>): Promise<BurstResult>;
}

export async function startPullProcess(launch?: Launch): Promise<PullProcess> {
  const main = join(import.meta.dirname, 'pull-main.ts');
  const child = await startCalledProcess<{ readonly url: string }>(main, {}, launch);
  return {
    burst: async (url, options) => (await child.call('burst', url, options)) as BurstResult,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
