import { createRecentMap } from '../../src/network.ts';
import type { View } from '../registries/view.ts';

/**
 * When packages were last refused to those who read them: what is kept for them of such a package goes out no more, before
 * upstream has given it anew. Other processes learn of it when they are refused themselves.
 */
export interface Withdrawals {
  mark(view: View, name: string): void;
  /** Milliseconds since 1970; 0 for never. */
  lastMs(view: View, name: string): number;
}

const keptWithdrawals = 10_000;

export function createWithdrawals(nowMs: () => number): Withdrawals {
  const withdrawals = createRecentMap<number>(keptWithdrawals);
  return {
    mark: (view, name) => withdrawals.set(keyOf(view, name), nowMs()),
    lastMs: (view, name) => withdrawals.get(keyOf(view, name)) ?? 0,
  };
}

function keyOf({ path }: View, name: string): string {
  return `${path} ${name}`;
}
