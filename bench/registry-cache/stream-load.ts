import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { AshlarError } from '../../src/index.ts';
import type { BenchContext } from '../benchmark.ts';

/** What the process of the streams is told on stdin. */
export interface StreamPlan {
  /** Ends in a slash. */
  readonly url: string;
  readonly name: string;
  /** The blob that all read. */
  readonly digest: string;
  readonly sizeBytes: number;
  /**
   * Each reads two streams at once: from the beginning `partBytes` at `readBytesPerSec`, of an answer that has the whole
   * blob, and a range of `partBytes` at a place of its own as fast as it comes. One more reads all, and hashes it.
   */
  readonly clients: number;
  readonly partBytes: number;
  readonly readBytesPerSec: number;
  /** Nothing for this long: the stream has failed. */
  readonly idleTimeoutMs: number;
}

export interface StreamResult {
  readonly wallMs: number;
  readonly bytes: number;
  readonly streams: number;
  readonly failed: number;
  readonly failures: Readonly<Record<string, number>>;
}

/** Reads parts of one large blob from a process of its own; throws `internal` when it takes more than `timeoutMs`. */
export async function runStreams(
  context: BenchContext,
  plan: StreamPlan,
  timeoutMs: number,
): Promise<StreamResult> {
  const main = join(import.meta.dirname, 'stream-main.ts');
  const child = spawn(process.execPath, [main], {
    stdio: ['pipe', 'pipe', 'inherit'],
    signal: context.signal,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  child.stdin.end(JSON.stringify(plan));
  const said = text(child.stdout);
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  if (code !== 0) {
    const how = signal === null ? `with ${code}` : `by ${signal}, after ${timeoutMs / 1000} s`;
    throw new AshlarError('internal', `the process of the streams ended ${how}`);
  }
  return JSON.parse(await said) as StreamResult;
}
