import type { BaseFacts } from '../detect/base-facts.ts';
import type { Draft } from './draft.ts';
import type { Asked } from './record/setup-record.ts';
import type { SetupNote, SetupOptions } from './setup-plan.ts';

/** What every step gets. */
export interface StepContext {
  readonly facts: BaseFacts;
  readonly options: SetupOptions;
  /** Of earlier setups. */
  readonly askedBefore: Asked;
  readonly draft: Draft;
  readonly note: (note: SetupNote) => void;
}
