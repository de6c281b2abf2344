/**
 * How an answer was come by: `hit` from the cache; `miss` fetched for this request; `coalesced` fetched for another request
 * that was under way; `revalidated` from the cache after upstream said that it is still right; `stale` from the cache although
 * its time is over, because upstream does not answer; `pass` not kept at all.
 */
export type CacheState = 'hit' | 'miss' | 'coalesced' | 'revalidated' | 'stale' | 'pass';
