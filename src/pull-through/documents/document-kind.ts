import type { Trouble } from '../../upstream/trouble.ts';
import type { RequestLedger } from '../../ledger/request-ledger.ts';
import type { CacheState } from '../cache-state.ts';

/** A record of a document that upstream may change. */
export interface Checked {
  /** When upstream last said that it is right; milliseconds since 1970. */
  readonly checkedAtMs: number;
}

export interface Found<R> {
  readonly record: R;
  readonly state: CacheState;
  /** Why upstream has not confirmed it in time; null where it has. */
  readonly staleBecause: string | null;
}

/** What documents of one kind are, and how they are come by. */
export interface DocumentKind<T, R extends Checked> {
  keyOf(target: T): string;
  /** When what it is of was changed through here, milliseconds since 1970: what was learned before is not fresh. */
  changedAtMs(target: T): number;
  /** What is kept, if all that belongs to it is there. */
  load(target: T): Promise<R | null>;
  save(target: T, record: R): Promise<void>;
  drop(target: T): Promise<void>;
  /** Codes of failures that say that there is no such document: they are remembered for a moment. */
  readonly absences: readonly string[];
  /** Codes of failures that say that what is kept must not go out any more. All others are trouble. */
  verdictsOf(target: T): readonly string[];
  /** What is dropped with a verdict: the document itself, and others that the same right gave. */
  withdrawnWith(target: T): readonly T[];
  /** While there is a stale one: whether upstream is waited for until the budget is used up, or as long as it answers. */
  patienceFor(target: T): 'budget' | 'answer';
  troubleOf(target: T): Trouble;
  /** Fetches it, or learns that what is stored is still right. */
  fetch(
    target: T,
    from: { readonly stored: R | null; readonly ledger: RequestLedger },
  ): Promise<Fetched<R>>;
  /** What a record takes in memory. */
  sizeBytes(record: R): number;
  /** How long it is given out without asking upstream. */
  maxAgeMsOf(target: T): number;
}

export interface Fetched<R> {
  readonly record: R;
  readonly outcome: 'fetched' | 'confirmed';
}

export function foundAs<R>(record: R, state: CacheState): Found<R> {
  return { record, state, staleBecause: null };
}
