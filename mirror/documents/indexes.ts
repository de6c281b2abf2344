import { hasCode, shared } from '../../src/index.ts';
import { createRecentMap } from '../../src/network.ts';
import { indexKey } from '../cache/cache-paths.ts';
import type { FetchContext } from '../fetch-context.ts';
import { decodeIndex } from '../packument/index-format.ts';
import type { PackumentIndex } from '../packument/packument-index.ts';

/** What was found in packuments' bytes; those that were used last stay in memory. */
export interface Indexes {
  /** By the digest of the body; null when it is gone or damaged. */
  find(body: string): Promise<PackumentIndex | null>;
}

/** Counted in versions, of which each takes about half a kilobyte: 24 MB. */
const keptVersions = 50_000;

export function createIndexes({ cache }: Pick<FetchContext, 'cache'>): Indexes {
  const kept = createRecentMap<PackumentIndex>(keptVersions, weightOf);
  const load = shared(async (body: string): Promise<PackumentIndex | null> => {
    const bytes = await cache.read(indexKey(body));
    const index = bytes === null ? null : decodeOrNull(bytes);
    if (index !== null) kept.set(body, index);
    else if (bytes !== null) await cache.drop(indexKey(body));
    return index;
  });
  return { find: async (body) => kept.get(body) ?? load(body) };
}

function weightOf({ members }: PackumentIndex): number {
  return 10 + members.versions.length + members.time.length;
}

function decodeOrNull(bytes: Buffer): PackumentIndex | null {
  try {
    return decodeIndex(bytes);
  } catch (error) {
    if (hasCode(error, 'packument_index_corrupt')) return null;
    throw error;
  }
}
