import type { FetchContext } from '../fetch-context.ts';
import type { Checked } from './document-kind.ts';

/** `any` takes what is kept, however old; `confirmed` what upstream has confirmed a moment ago. */
export type Freshness = 'current' | 'any' | 'confirmed';

export interface Wanted {
  readonly freshness: Freshness;
  /** What was checked by then is not fresh. */
  readonly changedAtMs: number;
}

/** Says how old documents of a kind may be. */
export interface Ages {
  /** Whether it may be given out without asking upstream. */
  isFresh(record: Checked, wanted: Wanted): boolean;
  /** Whether it may be given out when upstream cannot be asked. */
  isUsable(record: Checked): boolean;
}

export function createAges(
  { settings, waiting }: Pick<FetchContext, 'settings' | 'waiting'>,
  { maxAgeMs }: { readonly maxAgeMs: number },
): Ages {
  const ageMs = ({ checkedAtMs }: Checked): number => waiting.nowMs() - checkedAtMs;
  const confirmedMs = Math.min(maxAgeMs, settings.absenceMs);
  return {
    isFresh: (record, { freshness, changedAtMs }) =>
      record.checkedAtMs > changedAtMs &&
      ageMs(record) < (freshness === 'confirmed' ? confirmedMs : maxAgeMs),
    isUsable: (record) => ageMs(record) < maxAgeMs + settings.maxStaleMs,
  };
}
