import { createRecentMap } from '../../src/network.ts';
import type { Registry } from '../registries/registry.ts';

/**
 * When packages were changed through this process, as by publishing: what was learned of them before is asked for again.
 * Other processes learn of it when what they have is no longer fresh.
 */
export interface PackageChanges {
  mark(registry: Registry, name: string): void;
  /** Milliseconds since 1970; 0 for never. */
  lastMs(registry: Registry, name: string): number;
}

const keptChanges = 10_000;

export function createPackageChanges(nowMs: () => number): PackageChanges {
  const changes = createRecentMap<number>(keptChanges);
  return {
    mark: (registry, name) => changes.set(keyOf(registry, name), nowMs()),
    lastMs: (registry, name) => changes.get(keyOf(registry, name)) ?? 0,
  };
}

function keyOf({ name: registry }: Registry, name: string): string {
  return `${registry} ${name}`;
}
