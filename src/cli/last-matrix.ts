import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { systemErrorCode } from '../errors/ashlar-error.ts';

/** Of the document that `ashlar matrix run --report json` writes, what is shown beside a release. */
const reportSchema = z.object({
  startedAt: z.string(),
  rows: z.array(
    z.object({
      release: z.string().nullable(),
      kind: z.string(),
      outcome: z.enum(['as-expected', 'problems', 'not-run']),
      reason: z.string().nullable(),
      problems: z.array(z.string()),
      cells: z.array(z.object({ verdict: z.string() })),
    }),
  ),
});

/** What came of a release in one kind of row. */
export type MatrixResult = {
  /** `reconstruction`: a tree made of recorded facts; `real`: of packages; `pulled`: the published image. */
  readonly kind: string;
  readonly outcome: 'as-expected' | 'problems' | 'not-run';
  readonly checks: number;
  readonly problems: number;
};

export interface LastMatrix {
  readonly startedAt: string;
  resultsOf(release: string): readonly MatrixResult[];
}

/** Where the last run of the matrix leaves its report, below ASHLAR_HOME. */
export const lastMatrixPath = join('matrix', 'last.json');

/** The last report of the matrix on this machine; null where there is none that can be read. */
export async function readLastMatrix(home: string): Promise<LastMatrix | null> {
  const text = await readFile(join(home, lastMatrixPath), 'utf8').catch((error: unknown) => {
    if (systemErrorCode(error) === undefined) throw error;
    return null;
  });
  const report = text === null ? null : parse(text);
  if (report === null) return null;
  return {
    startedAt: report.startedAt,
    resultsOf: (release) =>
      report.rows
        .filter((row) => row.release === release && row.kind !== 'awkward')
        .map(({ kind, outcome, cells, problems }) => ({
          kind,
          outcome,
          checks: cells.filter(
            ({ verdict }) => verdict !== 'not-applicable' && verdict !== 'not-run',
          ).length,
          problems: problems.length,
        })),
  };
}

function parse(text: string): z.infer<typeof reportSchema> | null {
  try {
    return reportSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}
