import { z } from 'zod';
import { places } from '../row/check-place.ts';

/** What the commands print, as far as the matrix reads it. */

const digest = z.string().min(1);
const engine = z.object({ provider: z.string(), version: z.string().nullable() });

/** `ashlar base ls` */
export const releaseListAnswer = z.object({
  releases: z.array(
    z.object({
      release: z.string(),
      title: z.string(),
      /** Name of the published image. */
      source: z.string().nullable(),
      support: z.object({ archive: z.enum(['main', 'historical']) }),
      engines: z.object({ installed: engine, withoutRecommends: engine }),
      sudoers: z.object({ reconstructed: z.boolean() }),
      apt: z.object({ sources: z.string(), archive: z.string().nullable() }),
    }),
  ),
});

/** What is known of a release, as far as a row is made of it. */
export type KnownRelease = z.infer<typeof releaseListAnswer>['releases'][number];

const owned = { mode: z.int().optional(), uid: z.int().optional(), gid: z.int().optional() };

/** `ashlar base reconstruct` */
export const reconstructAnswer = z.object({
  releases: z.array(
    z.object({
      release: z.string(),
      files: z.record(
        z.string(),
        z.union([
          z.object({ content: z.base64(), ...owned }),
          z.object({ directory: z.literal(true), ...owned }),
          z.object({ target: z.string(), ...owned }),
        ]),
      ),
    }),
  ),
});

/** `ashlar image import` */
export const importAnswer = z.object({ digest });

/** `ashlar base setup` */
export const setupAnswer = z.object({
  digest,
  changes: z.array(z.object({ path: z.string() })),
  notes: z.array(z.object({ kind: z.string(), what: z.string(), why: z.string() })),
});

/** `ashlar base setup --undo` */
export const undoAnswer = z.object({
  digest,
  left: z.array(z.object({ path: z.string(), why: z.string() })),
});

/** `ashlar image diff` */
export const diffAnswer = z.object({
  files: z.array(z.object({ change: z.string(), path: z.string() })),
});

const finding = z.object({
  check: z.string(),
  title: z.string(),
  on: z.enum(places),
  status: z.enum(['passed', 'failed', 'not-applicable', 'not-run']),
  evidence: z.array(z.string()),
  reason: z.string().nullable(),
  failure: z
    .object({
      code: z.string(),
      class: z.string(),
      why: z.string(),
      mend: z.string(),
      place: z.object({ path: z.string(), line: z.number().nullable() }).nullable(),
    })
    .nullable(),
});

/** The result of one check, as `ashlar base check` has it. */
export type Finding = z.infer<typeof finding>;

/** `ashlar base check` */
export const checkAnswer = z.object({ findings: z.array(finding) });

/** `ashlar base check --list` */
export const checkListAnswer = z.object({ checks: z.array(z.object({ id: z.string() })) });
