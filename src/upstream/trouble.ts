import type { OriginState } from './upstream.ts';

/** How origins are: `failing` when none has answered since its last failure, `resting` while none is asked. */
export type Trouble = 'none' | 'failing' | 'resting';

export function troubleOf(states: readonly OriginState[]): Trouble {
  if (states.every(({ isResting }) => isResting)) return 'resting';
  return states.every(({ troubledSinceMs }) => troubledSinceMs !== null) ? 'failing' : 'none';
}
