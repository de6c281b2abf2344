import type { Ashlar } from './processes/ashlar.ts';
import type { StepReport, RowReport } from './report/matrix-report.ts';
import type { CheckPlace } from './row/check-place.ts';

/** What all rows of a run share. */
export interface MatrixContext {
  readonly ashlar: Ashlar;
  /** Removed when the run ends; each row has a directory of its own in it. */
  readonly tempDir: string;
  readonly on: readonly CheckPlace[];
  /** Whether a check is a column of the report. */
  readonly isChosen: (check: string) => boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (event: MatrixProgress) => void;
}

export type MatrixProgress =
  | { readonly kind: 'started'; readonly rows: number; readonly jobs: number }
  | { readonly kind: 'step'; readonly row: string; readonly step: StepReport['name'] }
  | { readonly kind: 'said'; readonly row: string; readonly words: string }
  | { readonly kind: 'finished'; readonly row: RowReport };
