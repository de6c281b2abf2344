import {
  listedChangeSchema,
  listWithinLimit,
  setupNoteSchema,
  type SetupPlan,
} from '../../base-images/index.ts';
import * as z from 'zod';
import { toDisplay } from '../bytes/byte-path.ts';
import type { SetUpReport } from './setup-report.ts';

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
