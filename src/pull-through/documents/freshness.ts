import type { PullContext } from '../pull-context.ts';
import type { Checked, DocumentKind } from './document-kind.ts';

/** `any` takes what is kept, however old; `confirmed` what upstream has confirmed a moment ago. */
export type Freshness = 'current' | 'any' | 'confirmed';

/** How fresh a document has to be. */
export interface Wanted {
  readonly freshness: Freshness;
  readonly maxAgeMs: number;
  /** What was checked by then is not fresh. */
  readonly changedAtMs: number;
}

export function wantedOf<T, R extends Checked>(
  kind: DocumentKind<T, R>,
  target: T,
  freshness: Freshness,
): Wanted {
  return {
    freshness,
    maxAgeMs: kind.maxAgeMsOf(target),
    changedAtMs: kind.changedAtMs(target),
  };
}

/** Says how old documents may be. */
export interface Ages {
  /** Whether it may be given out without asking upstream. */
  isFresh(record: Checked, wanted: Wanted): boolean;
  /** Whether it may be given out when upstream cannot be asked. */
  isUsable(record: Checked, maxAgeMs: number): boolean;
}

/** The clocks of hosts with one cache may differ by this. */
const clockSkewMs = 60_000;

export function createAges({ settings, waiting }: Pick<PullContext, 'settings' | 'waiting'>): Ages {
  const ageMs = ({ checkedAtMs }: Checked): number => waiting.nowMs() - checkedAtMs;
  return {
    isFresh(record, { freshness, maxAgeMs, changedAtMs }) {
      const limitMs = freshness === 'confirmed' ? Math.min(maxAgeMs, settings.absenceMs) : maxAgeMs;
      const isSinceChange = record.checkedAtMs > Math.min(changedAtMs, waiting.nowMs());
      // What was checked in the future was checked by a clock that was wrong: nobody knows how old it is.
      const isOfNow = ageMs(record) > -clockSkewMs;
      return isSinceChange && isOfNow && ageMs(record) < limitMs;
    },
    isUsable: (record, maxAgeMs) => ageMs(record) < maxAgeMs + settings.maxStaleMs,
  };
}
