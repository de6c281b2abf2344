import { createHash } from 'node:crypto';
import { bodyKey, variantKey } from '../cache/cache-paths.ts';
import { type Edit, mergeEdits } from '../packument/edits.ts';
import type { PackumentIndex } from '../packument/packument-index.ts';
import { moveBetweenBases, tarballEdits } from '../packument/rewrite-tarballs.ts';
import type { Registry } from '../registries/registry.ts';

export interface VariantWish {
  readonly registry: Registry;
  /** Where the client is to find the registry's tarballs: scheme, host and perhaps a path, without a slash at the end. */
  readonly base: string;
  /** What policy takes out. `name` is different for each outcome. */
  readonly cuts: PolicyCuts | null;
}

export interface PolicyCuts {
  readonly name: string;
  /** How many versions go, and why, for people; null where it is not known now. */
  readonly notice: string | null;
  edits(index: PackumentIndex): readonly Edit[];
}

/** Moves the registry's own tarballs; those of other hosts stay where they are. */
export function editsFor(index: PackumentIndex, { registry, base, cuts }: VariantWish): Edit[] {
  const from = [...registry.hosts.map((host) => new URL(`https://${host}`)), ...registry.upstreams];
  const moves = tarballEdits(index, moveBetweenBases({ from, to: new URL(base) }));
  return cuts === null ? moves : mergeEdits(cuts.edits(index), moves);
}

/**
 * The key of a body with these edits: by the body and by what is done to it, so that whatever leads to other edits, such as
 * another configuration, leads to another key. The body's own where nothing is done.
 */
export function keyOfEdited(body: string, edits: readonly Edit[]): string {
  if (edits.length === 0) return bodyKey(body);
  const hash = createHash('sha256').update(body);
  for (const { start, end, replacement } of edits)
    hash.update(`\n${start} ${end} ${replacement.length} `).update(replacement);
  return variantKey(hash.digest('hex'));
}
