import type { Digest, ErrorCode } from '../../src/index.ts';

/** What a build says while it runs. Steps are counted from 1 over all stages that are built. */
export type BuildEvent =
  | {
      readonly kind: 'plan';
      /** As the user named it. */
      readonly dockerfile: string;
      readonly steps: number;
      readonly stages: readonly string[];
    }
  | {
      readonly kind: 'warning';
      readonly rule: string;
      readonly message: string;
      /** Of the Dockerfile; null for what is not in it. */
      readonly line: number | null;
    }
  | {
      readonly kind: 'base';
      readonly reference: string;
      readonly digest: Digest;
      readonly from: 'store' | 'registry';
      /** The registry cache that it came through, as whoever opened it knows. */
      readonly through?: string;
    }
  | { readonly kind: 'step-start'; readonly step: StepName }
  | {
      readonly kind: 'step-output';
      readonly step: number;
      readonly stream: 'stdout' | 'stderr';
      readonly chunk: Buffer;
    }
  | { readonly kind: 'step-end'; readonly step: StepName; readonly result: StepEnd }
  | {
      readonly kind: 'step-failed';
      readonly step: StepName;
      readonly code: ErrorCode;
      readonly durationMs: number;
    };

export interface StepName {
  readonly number: number;
  readonly total: number;
  /** Name or number of the stage. */
  readonly stage: string;
  /** The instruction as it stands in the Dockerfile, on one line. */
  readonly text: string;
  readonly line: number;
}

export interface StepEnd {
  /** `config` changes no files; `cached` was known before; `done` was executed. */
  readonly outcome: 'config' | 'cached' | 'done';
  readonly durationMs: number;
  readonly digest: Digest;
}
