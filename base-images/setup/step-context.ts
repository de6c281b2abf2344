import type { BaseFacts } from '../detect/base-facts.ts';
import type { Draft } from './draft.ts';
import type { SetupNote, SetupOptions } from './setup-plan.ts';

/** What every step gets. */
export interface StepContext {
  readonly facts: BaseFacts;
  readonly options: SetupOptions;
  readonly draft: Draft;
  readonly note: (note: SetupNote) => void;
}
