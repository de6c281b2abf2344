/** The door of the npm mirror: what the command line uses. */
export { checkLockfile, type FindingReason, type LockfileRule } from './lockfile/check-lockfile.ts';
export { homeRegistries } from './lockfile/home-registries.ts';
export type { RegistryAddress } from './lockfile/http-url.ts';
export { listLockfile, type NeededPackage } from './lockfile/list-lockfile.ts';
export {
  type LockfileFile,
  readLockfileFile,
  replaceLockfileFile,
} from './lockfile/lockfile-file.ts';
export { type Lockfile, lockfileKindNames } from './lockfile/lockfile.ts';
export {
  type MirrorAddress,
  parseMirrorAddress,
  parseRegistryAddress,
  requireApart,
} from './lockfile/mirror-address.ts';
export { readLockfile } from './lockfile/read-lockfile.ts';
export { type LeftUrl, rewriteLockfile } from './lockfile/rewrite-lockfile.ts';
export { loadMirrorConfig, type MirrorConfig, mirroredNames } from './config/mirror-config.ts';
export { createMirrorCore, type MirrorCore } from './mirror-core.ts';
export type { MirrorStatus } from './observe/status-report.ts';
export { parseAdvisories } from './packument/policy/advisories.ts';
export { createPolicy, type Policy } from './packument/policy/policy.ts';
export { startMirror } from './start-mirror.ts';
export { verifyCache } from './maintenance/verify-cache.ts';
export { readNpmSettings } from './maintenance/npm-credentials.ts';
export { warmPackages, type WarmSummary } from './maintenance/warm-packages.ts';
export { createDnsResponder, type DnsResponder } from './dns/dns-responder.ts';
export { systemResolvers } from './dns/resolver-address.ts';
export { type ClientTrust, inspectTrust, installTrust, removeTrust } from './trust/trust.ts';
export { certificatesIn } from './trust/pem-certificates.ts';
export { type TrustClient, trustClients, type TrustPart } from './trust/trust-client.ts';
export type { TrustPlace } from './trust/trust-context.ts';
export { cachePrefixes } from './cache/cache-paths.ts';
export { recordReferences } from './maintenance/record-references.ts';
