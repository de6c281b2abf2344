import type { PullContext } from '../pull-context.ts';
import type { AshlarError } from '../../errors/ashlar-error.ts';
import { createRecentMap } from '../../flow/recent-map.ts';
import type { Checked, DocumentKind } from './document-kind.ts';

/** What this process remembers of documents: those that were used last, and for a moment those that are not there. */
export interface KnownDocuments<R> {
  get(key: string): R | null;
  set(key: string, record: R): void;
  forget(key: string): void;
  /** Upstream's answer that there is no such document; null where there is none, or where it is too old or from before a change. */
  absence(key: string, changedAtMs: number): AshlarError | null;
  /** `atMs`: when upstream was asked. */
  setAbsent(key: string, error: AshlarError, atMs: number): void;
}

const keptBytes = 32 * 1024 ** 2;
const keptAbsences = 10_000;

export function createKnownDocuments<T, R extends Checked>(
  { settings, waiting }: Pick<PullContext, 'settings' | 'waiting'>,
  { sizeBytes }: DocumentKind<T, R>,
): KnownDocuments<R> {
  const records = createRecentMap<R>(keptBytes, sizeBytes);
  const absences = createRecentMap<{ readonly error: AshlarError; readonly untilMs: number }>(
    keptAbsences,
  );
  return {
    get: (key) => records.get(key) ?? null,
    set: (key, record) => records.set(key, record),
    forget: (key) => records.delete(key),
    absence(key, changedAtMs) {
      const absence = absences.get(key);
      const leftMs = (absence?.untilMs ?? 0) - waiting.nowMs();
      // What is left beyond that was counted by a clock that was wrong.
      if (absence === undefined || leftMs <= 0 || leftMs > settings.absenceMs) return null;
      return absence.untilMs - settings.absenceMs > changedAtMs ? absence.error : null;
    },
    setAbsent: (key, error, atMs) =>
      absences.set(key, { error, untilMs: atMs + settings.absenceMs }),
  };
}
