import type { PullContext } from '../pull-context.ts';
import { AshlarError } from '../../errors/ashlar-error.ts';
import { abortable } from '../../flow/or-aborted.ts';
import type { Checked, DocumentKind, Found } from './document-kind.ts';

export interface Expected<R> {
  readonly result: Promise<Found<R>>;
  /** When it began to be fetched. */
  readonly beganMs: number;
  readonly signal: AbortSignal;
}

export type Outcome<R> =
  | { readonly kind: 'found'; readonly found: Found<R> }
  | { readonly kind: 'trouble'; readonly problem: string };

/**
 * Waits for a document of which there is a stale one, as long as there is a point in it: until the budget is used up, not at
 * all while upstream rests; and where upstream's own answer is wanted, for that, unless upstream fails to give one. A verdict
 * of upstream, and the signal's reason, are thrown.
 */
export async function freshOrStale<T, R extends Checked>(
  { result, beganMs, signal }: Expected<R>,
  target: T,
  { kind, context }: { readonly kind: DocumentKind<T, R>; readonly context: Clock },
): Promise<Outcome<R>> {
  const settled = result.then(
    (found): Outcome<R> => ({ kind: 'found', found }),
    (error: unknown): Outcome<R> => {
      const isVerdict =
        !(error instanceof AshlarError) || kind.verdictsOf(target).includes(error.code);
      if (isVerdict) throw error;
      return { kind: 'trouble', problem: error.message };
    },
  );
  const { freshBudgetMs } = context.settings;
  const leftMs = freshBudgetMs - (context.waiting.nowMs() - beganMs);
  let budgetMs = kind.troubleOf(target) === 'resting' ? 0 : leftMs;
  for (;;) {
    const outcome = await abortable(within(settled, budgetMs, context), signal);
    if (outcome !== null) return outcome;
    if (kind.patienceFor(target) === 'budget' || kind.troubleOf(target) !== 'none')
      return { kind: 'trouble', problem: 'upstream has not answered yet' };
    budgetMs = freshBudgetMs;
  }
}

type Clock = Pick<PullContext, 'settings' | 'waiting'>;

/** Null when the time is over. */
async function within<T>(
  settled: Promise<T>,
  timeMs: number,
  { waiting }: Clock,
): Promise<T | null> {
  const done = new AbortController();
  const late = waiting.sleep(Math.max(0, timeMs), done.signal).then(() => null);
  late.catch(() => {});
  try {
    return await Promise.race([settled, late]);
  } finally {
    done.abort();
  }
}
