/** The second door of the core: fetching from outside, caches of what was fetched, TLS. Apart, as it takes time to load. */
export { deeperThan } from './bytes/deeper-than.ts';
export {
  createRootFiles,
  type RootFile,
  type RootFiles,
  UnreadableFile,
} from './disk/root-files.ts';
export { seldom } from './errors/seldom.ts';
export { createRecentMap } from './flow/recent-map.ts';
export { createRequestLedger, type RequestLedger } from './ledger/request-ledger.ts';
export {
  createObjectCache,
  maxRecordBytes,
  type ObjectCache,
  type StoredObject,
  type StoreOutcome,
} from './object-cache/object-cache.ts';
export type { ObjectUsage } from './object-cache/object-usage.ts';
export { sealBytes } from './object-cache/seal.ts';
export { maxManifestBytes } from './oci/manifest.ts';
export { bareMediaType, isSchema1, manifestAccept, mediaTypes } from './oci/media-types.ts';
export {
  digestAlgorithm,
  digestProblem,
  isOciDigest,
  type OciDigest,
  ociDigestOf,
} from './oci/oci-digest.ts';
export { formatPlatform, parsePlatform, type Platform, suitsPlatform } from './oci/platform.ts';
export { isTag, parseReference } from './oci/reference.ts';
export { createAuthorizer } from './oci/registry/authorizer.ts';
export { fileCredentials } from './oci/registry/credential-files.ts';
export {
  type Credential,
  type CredentialAnswer,
  credentialKey,
  type CredentialLookup,
} from './oci/registry/credential.ts';
export type { Endpoint } from './oci/registry/endpoint.ts';
export {
  type BodyFlights,
  createBodyFlights,
  type FetchedBody,
  type FoundBody,
} from './pull-through/body-flights.ts';
export type { CacheState } from './pull-through/cache-state.ts';
export type { SpoolPlace } from './pull-through/body-spool.ts';
export { claimed } from './pull-through/claimed.ts';
export { claimsOrAlone } from './pull-through/claims-or-alone.ts';
export type {
  Checked,
  DocumentKind,
  Fetched,
  Found,
} from './pull-through/documents/document-kind.ts';
export { createRefreshed, type Refreshed } from './pull-through/documents/refreshed.ts';
export type { HostClaims } from './pull-through/host-claims.ts';
export type { PullContext, PullSettings } from './pull-through/pull-context.ts';
export {
  type BodyCheck,
  defaultTransferLimits,
  type OpenBody,
  type OpenedBody,
  startTransfer,
  type Transfer,
  type TransferLimits,
} from './pull-through/transfer.ts';
export { absoluteTarget, isOwnAddress } from './serving/absolute-target.ts';
export { type Answer, type AnswerBody, jsonAnswer } from './serving/answer.ts';
export { buildIdOf, clientAddress, firstOf, type IsTrustedProxy } from './serving/client-facts.ts';
export { ClientGone } from './serving/client-gone.ts';
export {
  type ConnectionFacts,
  type ConnectionLimits,
  defaultConnectionLimits,
  type HandleConnect,
} from './serving/front-server.ts';
export {
  createRequestHandler,
  type HandleRequest,
  type RequestExchange,
} from './serving/handle-requests.ts';
export { hasTag } from './serving/has-tag.ts';
export type { ListenAddress } from './serving/listen.ts';
export { createNetworkCheck, isNetwork, privateNetworks } from './serving/networks.ts';
export { type Finding, findingsOf } from './serving/observe/findings.ts';
export type { SeenRequest, ServedRequest } from './serving/observe/served-request.ts';
export type { CacheFacts, ServingMetrics } from './serving/observe/serving-metrics.ts';
export {
  createTotals,
  type NamedTotal,
  type Total,
  type Totals,
} from './serving/observe/totals.ts';
export { measuredPages, type StatusBasis } from './serving/measured-pages.ts';
export type { OwnPages } from './serving/own-pages.ts';
export { noSniff } from './serving/no-sniff.ts';
export { primedBody } from './serving/primed-body.ts';
export { proxyUserOf } from './serving/proxy-user.ts';
export { type ByteRange, readRange } from './serving/read-range.ts';
export { serverTiming } from './serving/server-timing.ts';
export { type RunningServer, type ServerGround, startServer } from './serving/start-server.ts';
export type { TlsAuthority, TlsAuthorityFacts } from './tls/authority.ts';
export {
  type AddressRule,
  createAddressRule,
  refusalOf,
  refusalOfLiteral,
} from './upstream/address-rule.ts';
export { AttemptFailure } from './upstream/attempt-failure.ts';
export { networkFailure } from './upstream/network-failure.ts';
export { bookResponse } from './upstream/book-response.ts';
export { defaultHealthPolicy } from './upstream/origin-health.ts';
export { proxySettings } from './upstream/proxy-settings.ts';
export {
  beforeNextAttempt,
  type RetryPlan,
  type RetryPolicy,
  type Waiting,
  withRetries,
} from './upstream/retry.ts';
export type { OriginAuthorizer } from './upstream/send-authorized.ts';
export {
  createTransport,
  type Lane,
  readBody,
  type Timeouts,
  type Transport,
  type TransportResponse,
} from './upstream/transport.ts';
export { type Trouble, troubleOf } from './upstream/trouble.ts';
export {
  createUpstream,
  type OriginState,
  type Upstream,
  type UpstreamResponse,
} from './upstream/upstream.ts';
