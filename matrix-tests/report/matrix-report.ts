import { z } from 'zod';
import { places } from '../row/check-place.ts';
import { rowKinds } from '../row/row.ts';

/** Changes with every change that a reader of reports has to know of. */
export const reportFormat = 'ashlar-matrix-report-1';

const place = z.enum(places);

const finding = z.object({
  status: z
    .enum(['passed', 'failed', 'not-applicable', 'not-run'])
    .describe('what `ashlar base check` said'),
  evidence: z.array(z.string()).describe('what was seen, a line each'),
  reason: z.string().nullable().describe('why it was not run or does not apply'),
  code: z.string().nullable().describe('of a failure: its code in the error catalogue'),
  class: z.string().nullable().describe('of a failure: who must act, as author'),
  why: z.string().nullable().describe('of a failure: what it leads to'),
  mend: z.string().nullable().describe('of a failure: what to do'),
  place: z.string().nullable().describe('of a failure: file and line, as /etc/sudoers:31'),
});

const cell = z.object({
  check: z.string().describe('id of the check; `checks` has its title'),
  verdict: z
    .enum(['passed', 'mended', 'known', 'failed', 'unproven', 'not-applicable', 'not-run'])
    .describe(
      'passed: holds; mended: holds since the setup, and failed before; known: fails as the row expects, and is not for a setup to mend; ' +
        'failed: fails and should not; unproven: holds where the row expects a failure; not-run: could not be looked at',
    ),
  because: z.string().nullable().describe('of a known failure: why it cannot be otherwise'),
  before: finding.nullable().describe('in the base as it is; null where nobody looked'),
  after: finding.nullable().describe('in the image that was set up; null where nobody looked'),
});

const step = z.object({
  name: z
    .enum(['prepare', 'import', 'check-before', 'setup', 'check-after', 'setup-again', 'undo'])
    .describe('setup-again: gives the same digest; undo: gives the tree that was there before'),
  status: z.enum(['passed', 'failed', 'not-run']),
  says: z.string().describe('what came of it, in words'),
  durationMs: z.number().describe('how long it took'),
});

const check = z
  .object({ id: z.string(), title: z.string(), on: place })
  .describe('a column of the grid');

const row = z.object({
  id: z.string(),
  title: z.string(),
  kind: z
    .enum(rowKinds)
    .describe(
      'reconstruction: made of recorded facts, nothing in it can be run; awkward: a reconstruction with a fault; ' +
        "real: made of a distribution's own packages; pulled: the published image",
    ),
  source: z.string().describe('of what the image was made'),
  release: z.string().nullable().describe('id of the release'),
  outcome: z
    .enum(['as-expected', 'problems', 'not-run'])
    .describe('not-run: its image cannot be had here, for the reason given'),
  reason: z.string().nullable().describe('of a row that was not run'),
  problems: z.array(z.string()).describe('what is not as it should be, a sentence each'),
  digest: z.string().nullable().describe('of the image that was set up'),
  steps: z.array(step),
  cells: z.array(cell),
  durationMs: z.number(),
});

/** The document that `ashlar matrix run --report json` writes. */
export const matrixReportSchema = z.object({
  format: z.literal(reportFormat),
  version: z.string().describe('of Ashlar'),
  startedAt: z.iso.datetime(),
  durationMs: z.number(),
  machine: z.string().describe('platform, architecture and processors'),
  on: z.array(place).describe('what checks were allowed to look at'),
  checks: z.array(check),
  rows: z.array(row),
});

export type MatrixReport = z.infer<typeof matrixReportSchema>;
export type RowReport = z.infer<typeof row>;
export type CellReport = z.infer<typeof cell>;
export type FindingReport = z.infer<typeof finding>;
export type StepReport = z.infer<typeof step>;
export type Verdict = CellReport['verdict'];
export type CheckReport = z.infer<typeof check>;
