import type { SetupNote, SetupPlan } from '../../base-images/index.ts';
import { toDisplay } from '../bytes/byte-path.ts';
import type { Json } from '../image/canonical-json.ts';

/** What was done to an image, as its provenance has it too. */
export interface SetUpReport {
  readonly changes: readonly ReportedChange[];
  readonly notes: readonly SetupNote[];
  /** Name and uid of who works in the machine; null where there is nobody. */
  readonly user: { readonly name: string; readonly uid: number } | null;
}

export interface ReportedChange {
  readonly path: string;
  readonly step: string;
  readonly why: string;
  readonly change: string;
}

/** What a plan is going to do. */
export function reportOf({ changes, notes, user }: SetupPlan): SetUpReport {
  return {
    changes: changes.map(({ path, step, why, kind }) => ({
      path: `/${toDisplay(path)}`,
      step,
      why,
      change: kind,
    })),
    notes,
    user: user === null ? null : { name: toDisplay(user.name), uid: user.uid },
  };
}

export function reportJson(report: SetUpReport): Readonly<Record<string, Json>> {
  return { changes: report.changes.map((change) => ({ ...change })), ...withoutChanges(report) };
}

/** The same without the list of changes. */
export function withoutChanges({ notes, user }: SetUpReport): Readonly<Record<string, Json>> {
  return { notes: notes.map((note) => ({ ...note })), user: user === null ? null : { ...user } };
}

/** What provenance says of a setup; it was written here. */
export function reportFrom(setup: unknown): SetUpReport {
  const { changes = [], notes = [], user = null } = (setup ?? {}) as Partial<SetUpReport>;
  return { changes, notes, user };
}
