import type { AshlarError } from '../../errors/ashlar-error.ts';
import { hasCode } from '../../errors/has-code.ts';

/** True for a failure to read a blob that lies in the store and not in reaching it. */
export function isBlobDamage(error: unknown): error is AshlarError {
  return hasCode(error, 'chunk_corrupt', 'pack_missing', 'pack_corrupt');
}

/** The same of a page of the manifest, with its part of the placement. */
export function isPageDamage(error: unknown): error is AshlarError {
  return isBlobDamage(error) || hasCode(error, 'manifest_corrupt');
}

/** The same of a page of the tree, with its place in the placement. */
export function isTreeDamage(error: unknown): error is AshlarError {
  return isPageDamage(error) || hasCode(error, 'tree_corrupt');
}
