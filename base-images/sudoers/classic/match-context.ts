import type { Accounts } from '../accounts.ts';
import type { Policy } from '../policy.ts';
import type { Request } from '../request.ts';
import type { Snapshot } from '../snapshot.ts';
import type { ClassicFeatures } from './classic-features.ts';
import type { EffectiveSettings } from './settings.ts';

export interface MatchContext {
  readonly policy: Policy;
  readonly features: ClassicFeatures;
  readonly snapshot: Snapshot;
  readonly accounts: Accounts;
  readonly request: Request;
  readonly settings: EffectiveSettings;
  /** For NOTBEFORE and NOTAFTER: milliseconds since 1970; null where time does not matter. */
  readonly nowMs: number | null;
}
