/** The door of the npm mirror: what the command line uses. */
export {
  checkLockfile,
  type FindingReason,
  type LockfileFinding,
  type LockfileRule,
} from './lockfile/check-lockfile.ts';
export { type HomeRegistries, homeRegistries } from './lockfile/home-registries.ts';
export type { RegistryAddress } from './lockfile/http-url.ts';
export { listLockfile, type NeededPackage } from './lockfile/list-lockfile.ts';
export {
  type LockfileFile,
  readLockfileFile,
  replaceLockfileFile,
} from './lockfile/lockfile-file.ts';
export {
  type Lockfile,
  type LockfileEntry,
  type LockfileKind,
  lockfileKindNames,
} from './lockfile/lockfile.ts';
export {
  type MirrorAddress,
  parseMirrorAddress,
  parseRegistryAddress,
  readViaPath,
  requireApart,
  type ViaPath,
} from './lockfile/mirror-address.ts';
export { readLockfile } from './lockfile/read-lockfile.ts';
export {
  type LeftUrl,
  type LockfileRewrite,
  rewriteLockfile,
  type RewriteOptions,
} from './lockfile/rewrite-lockfile.ts';
export { loadMirrorConfig, type MirrorConfig } from './config/mirror-config.ts';
export { createMirrorCore, type MirrorCore } from './mirror-core.ts';
export { createMirrorMetrics, type MirrorMetrics } from './observe/metrics.ts';
export type { RequestRecord } from './observe/request-record.ts';
export type { MirrorStatus } from './observe/status-report.ts';
export { parseAdvisories } from './packument/policy/advisories.ts';
export { createPolicy, type Policy } from './packument/policy/policy.ts';
export { type RunningMirror, startMirror } from './start-mirror.ts';
export { type VerifySummary, verifyCache } from './maintenance/verify-cache.ts';
export { type WarmSummary, warmPackages } from './maintenance/warm-packages.ts';
export type { DnsQueryEvent } from './dns/answer-queries.ts';
export { privateNetworks } from './config/networks.ts';
export {
  createDnsResponder,
  type DnsResponder,
  type DnsResponderOptions,
} from './dns/dns-responder.ts';
export {
  parseResolverAddress,
  type ResolverAddress,
  systemResolvers,
} from './dns/resolver-address.ts';
export { type ClientTrust, inspectTrust, installTrust, removeTrust } from './trust/trust.ts';
export { certificatesIn } from './trust/pem-certificates.ts';
export { type TrustClient, trustClients, type TrustPart } from './trust/trust-client.ts';
export type { TrustPlace } from './trust/trust-context.ts';
export type { UndoneChange } from './trust/undo-changes.ts';
export { indexedUsage } from './cache/cache-usage.ts';
export { cachePrefixes, recordReferences } from './cache/record-references.ts';
