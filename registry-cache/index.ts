/** The door of the registry cache: what the command line uses. */
export { type CacheConfig, loadCacheConfig } from './config/cache-config.ts';
export type { CachedRegistry } from './config/cached-registry.ts';
export { type CacheCore, createCacheCore } from './cache-core.ts';
export {
  type CacheClient,
  cacheClients,
  clientSettings,
  type ClientSettings,
} from './clients/client-settings.ts';
export { undoClientSettings } from './clients/undo-client-settings.ts';
export { writeClientSettings } from './clients/write-client-settings.ts';
export { listCache, type ListedTag } from './maintenance/list-cache.ts';
export { verifyCache, type VerifySummary } from './maintenance/verify-cache.ts';
export { warmImages, type WarmSummary } from './maintenance/warm-images.ts';
export type { CacheStatus } from './observe/status-report.ts';
export { startRegistryCache } from './start-registry-cache.ts';
export { cachePrefixes } from './store/cache-keys.ts';
export { recordReferences } from './store/record-references.ts';
export { operatorCredentials } from './upstream/operator-credentials.ts';
