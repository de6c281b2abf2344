import type { ListedChange, SetupNote } from '../../base-images/index.ts';
import type { Json } from '../image/canonical-json.ts';

// Of the room the types alone: every build loads this file, and the room only where there is something to set up.

/** What was done to an image, as its provenance has it too. */
export interface SetUpReport {
  readonly changes: readonly ListedChange[];
  readonly notes: readonly SetupNote[];
  /** Name and uid of who works in the machine; null where there is nobody. */
  readonly user: { readonly name: string; readonly uid: number } | null;
}

export function reportJson({ changes, notes, user }: SetUpReport): Readonly<Record<string, Json>> {
  return {
    changes: changes.map((change) => ({ ...change })),
    notes: notes.map((note) => ({ ...note })),
    user: user === null ? null : { ...user },
  };
}

/** The same for provenance, where `changes` are those of all setups of the image. */
export function reportForProvenance(report: SetUpReport): Readonly<Record<string, Json>> {
  const { changes = [], ...others } = reportJson(report);
  return { ...others, made: changes };
}
