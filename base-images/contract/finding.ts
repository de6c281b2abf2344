import type { ErrorClass, ErrorCode } from '../../src/index.ts';
import type { CheckPlace, Place } from './check.ts';

/** The result of one check. */
export interface Finding {
  /** Id of the check. */
  readonly check: string;
  readonly title: string;
  readonly on: CheckPlace;
  readonly status: FindingStatus;
  /** What was seen, a line each; of a failure the first says what is wrong. */
  readonly evidence: readonly string[];
  /** Why it was not run or does not apply; null for others. */
  readonly reason: string | null;
  /** Of a failure alone. */
  readonly failure: FindingFailure | null;
}

export type FindingStatus = 'passed' | 'failed' | 'not-applicable' | 'not-run';

export interface FindingFailure {
  readonly code: ErrorCode;
  /** Who must act. */
  readonly class: ErrorClass;
  readonly why: string;
  readonly mend: string;
  readonly place: Place | null;
}
