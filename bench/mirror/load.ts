import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { AshlarError } from '../../src/index.ts';
import type { BenchContext } from '../benchmark.ts';

/** What the load's process is told on stdin. */
export interface LoadPlan {
  /** Ends in a slash. */
  readonly url: string;
  /** How many clients at once. */
  readonly clients: number;
  /** Keep-alive connections of each. npm has 15. */
  readonly socketsPerClient: number;
  /** Nothing for this long: the request has failed. */
  readonly timeoutMs: number;
  /**
   * `installs`: each client asks for each resource once, in their order, and is done. `requests`: all go round the
   * resources until `durationMs` is over.
   */
  readonly mode: 'installs' | 'requests';
  readonly durationMs?: number;
  /** When it is ended, whatever is under way: that has failed, as has what was not asked for yet. */
  readonly limitMs?: number;
  readonly resources: readonly LoadResource[];
}

export interface LoadResource {
  readonly path: string;
  readonly accept?: string;
  /** sha512 as `dist.integrity`; bodies of other bytes are counted as wrong. */
  readonly integrity?: string;
}

export interface LoadResult {
  readonly wallMs: number;
  readonly requests: number;
  readonly bodyBytes: number;
  /** From the start of a request to the end of its body; of all requests, failed ones too. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Requests that failed, by status or by the error's code. No request is made again: a client's own patience is not measured. */
  readonly failures: Readonly<Record<string, number>>;
  readonly wrongBodies: number;
  /** Clients of which any request failed or brought wrong bytes. */
  readonly failedClients: number;
}

/** Puts a load on a server from a process of its own. */
export async function runLoad(context: BenchContext, plan: LoadPlan): Promise<LoadResult> {
  const main = join(import.meta.dirname, 'load-main.ts');
  const child = spawn(process.execPath, [main], {
    stdio: ['pipe', 'pipe', 'inherit'],
    signal: context.signal,
  });
  child.stdin.end(JSON.stringify(plan));
  const said = buffer(child.stdout);
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new AshlarError('internal', `the load's process ended with ${code}`);
  return JSON.parse((await said).toString()) as LoadResult;
}
