import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { AshlarError } from '../../src/index.ts';
import type { BenchContext } from '../benchmark.ts';

/** The recorded registry of the tests, in a process of its own: what all servers have behind them. */
export interface RecordedUpstream extends AsyncDisposable {
  /** Ends in a slash. */
  readonly url: string;
  counts(): Promise<UpstreamCounts>;
  recorded(): Promise<RecordedLoad>;
  resetCounts(): Promise<void>;
  /** Part of the answers that each of six faults hits; 0 for none. */
  setFaults(share: number): Promise<void>;
  /** Nobody listens any more, until `restore`. */
  outage(): Promise<void>;
  restore(): Promise<void>;
}

export interface UpstreamCounts {
  /** By `METHOD /path`; abbreviated packuments have a word behind. */
  readonly requests: Readonly<Record<string, number>>;
  readonly totalRequests: number;
  readonly faults: Readonly<Record<string, number>>;
}

export interface RecordedLoad {
  readonly tarballs: readonly {
    readonly path: string;
    /** As `dist.integrity`. */
    readonly integrity: string;
    readonly sizeBytes: number;
  }[];
  readonly packuments: readonly {
    readonly name: string;
    readonly form: 'full' | 'abbreviated';
    readonly documentBytes: number;
  }[];
}

const startTimeoutMs = 300_000;

/** Answers begin after `latencyMs`. Packages are recorded first where they are not yet, which takes a minute. */
export async function startUpstream(
  context: BenchContext,
  options: { readonly set: 'small' | 'large'; readonly latencyMs: number },
): Promise<RecordedUpstream> {
  const main = join(context.repoDir, 'test/support/npm-registry/main.ts');
  const settings = JSON.stringify({ ...options, tarballUrls: 'own' });
  const child = spawn(process.execPath, [main, '--options', settings], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(startTimeoutMs)]);
  const [started] = (await Promise.race([
    once(child, 'message', { signal }),
    exited.then(() => Promise.reject(new AshlarError('internal', 'no recorded registry'))),
  ])) as [{ readonly url: string }];
  const call = callsOf(child);
  return {
    url: started.url,
    counts: () => call('counts') as Promise<UpstreamCounts>,
    recorded: () => call('recorded') as Promise<RecordedLoad>,
    resetCounts: async () => void (await call('resetCounts')),
    setFaults: async (share) =>
      void (await call('setFaults', share === 0 ? [] : mixedFaults(share))),
    outage: async () => void (await call('outage', 'refuse')),
    restore: async () => void (await call('restore')),
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

/** As the target has them: 429 with Retry-After, 503, reset, stall in mid-body, truncated body, corrupt body. */
function mixedFaults(share: number): readonly object[] {
  const faults = [
    { name: 'status', status: 429, retryAfterSec: 1 },
    { name: 'status', status: 503 },
    { name: 'reset' },
    { name: 'stall-in-body' },
    { name: 'truncated' },
    { name: 'corrupt' },
  ];
  return faults.map((fault) => ({ fault, share }));
}

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

function callsOf(child: ChildProcess): (method: string, ...args: unknown[]) => Promise<unknown> {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  child.on('message', ({ id, result, error }: Reply) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) call?.resolve(result);
    else call?.reject(new AshlarError('internal', `the recorded registry: ${error}`));
  });
  child.once('exit', () => {
    const gone = new AshlarError('internal', 'the recorded registry has ended');
    for (const call of waiting.values()) call.reject(gone);
  });
  let lastId = 0;
  return (method, ...args) => {
    lastId += 1;
    const call = Promise.withResolvers<unknown>();
    waiting.set(lastId, call);
    child.send({ id: lastId, method, args });
    return call.promise;
  };
}
