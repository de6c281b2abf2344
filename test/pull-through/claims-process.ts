import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A `claims-worker.ts` under way. Disposing kills it. */
export interface ClaimsProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  /** What it said so far. */
  readonly lines: readonly string[];
  /** Waits until it has said the line; fails when it ends before. */
  said(line: string): Promise<void>;
  /** Its end, with all that it said read. */
  readonly ended: Promise<void>;
  kill(): Promise<void>;
}

export function startClaimsProcess(args: readonly string[]): ClaimsProcess {
  const script = join(import.meta.dirname, 'claims-worker.ts');
  const child = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const waits = new Map<string, () => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    waits.get(line)?.();
  });
  const ended = once(child, 'close').then(() => {});
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  return {
    child,
    lines,
    ended,
    kill,
    async said(line) {
      if (lines.includes(line)) return;
      const heard = new Promise<void>((resolve) => waits.set(line, resolve));
      const over = ended.then(() => {
        throw new Error(`ended before it said ${line}: ${lines.join(', ')}`);
      });
      await Promise.race([heard, over]);
    },
    [Symbol.asyncDispose]: kill,
  };
}
