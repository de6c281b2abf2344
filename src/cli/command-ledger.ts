import { createLedger, type Ledger } from '../ledger/ledger.ts';
import type { CommandContext } from './command-context.ts';

/** A ledger that began with the program, whose start is its first entry. */
export function createCommandLedger({ startedMs }: CommandContext): Ledger {
  const ledger = createLedger(() => performance.now(), startedMs);
  ledger.add('start', 'program', { startMs: startedMs, durationMs: ledger.nowMs() - startedMs });
  return ledger;
}
