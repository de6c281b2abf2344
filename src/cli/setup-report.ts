import {
  type ListedChange,
  listedChangeSchema,
  listWithinLimit,
  type SetupNote,
  setupNoteSchema,
  type SetupPlan,
} from '../../base-images/index.ts';
import * as z from 'zod';
import { toDisplay } from '../bytes/byte-path.ts';
import type { Json } from '../image/canonical-json.ts';

/** What was done to an image, as its provenance has it too. */
export interface SetUpReport {
  readonly changes: readonly ListedChange[];
  readonly notes: readonly SetupNote[];
  /** Name and uid of who works in the machine; null where there is nobody. */
  readonly user: { readonly name: string; readonly uid: number } | null;
}

/** What a plan is going to do. */
export function reportOf({ changes, notes, user }: SetupPlan): SetUpReport {
  return {
    changes: listWithinLimit(
      changes.map(({ path, step, why, change }) => ({
        path: `/${toDisplay(path)}`,
        step,
        why,
        change,
      })),
    ),
    notes,
    user: user === null ? null : { name: toDisplay(user.name), uid: user.uid },
  };
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

const reportSchema = z.object({
  made: z.array(listedChangeSchema),
  notes: z.array(setupNoteSchema),
  user: z.object({ name: z.string(), uid: z.int() }).nullable(),
});

/** What provenance says of a setup; null where it says nothing that can be read, as others may write there. */
export function reportFrom(setup: unknown): SetUpReport | null {
  const { data } = reportSchema.safeParse(setup);
  return data === undefined ? null : { changes: data.made, notes: data.notes, user: data.user };
}
