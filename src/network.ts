/** The second door of the core: fetching from outside, caches of what was fetched, TLS. Apart, as it takes time to load. */
export {
  type AddressRule,
  createAddressRule,
  refusalOf,
  refusalOfLiteral,
} from './upstream/address-rule.ts';
export { AttemptFailure } from './upstream/attempt-failure.ts';
export { defaultHealthPolicy, type HealthPolicy } from './upstream/origin-health.ts';
export { proxySettings } from './upstream/proxy-settings.ts';
export {
  beforeNextAttempt,
  defaultRetryPolicy,
  type RetryPlan,
  type RetryPolicy,
  type Waiting,
  withRetries,
} from './upstream/retry.ts';
export type { ResponseTiming } from './upstream/connection-clock.ts';
export {
  createTransport,
  defaultTimeouts,
  readBody,
  type Timeouts,
  type Transport,
  type TransportResponse,
} from './upstream/transport.ts';
export type { OriginAuthorizer } from './upstream/send-authorized.ts';
export {
  createUpstream,
  type OriginState,
  type Upstream,
  type UpstreamRequest,
  type UpstreamResponse,
} from './upstream/upstream.ts';
export { type Claim, type HostClaims, openHostClaims } from './pull-through/host-claims.ts';
export { claimsOrAlone } from './pull-through/claims-or-alone.ts';
export { type CountingOptions, keepCounting } from './pull-through/keep-counting.ts';
export { createEvictor, type EvictionCounts, type Evictor } from './pull-through/usage-evictor.ts';
export { openUsageIndex, type UsageIndex, type UsageRecord } from './pull-through/usage-index.ts';
export { createPins, type Pins } from './pull-through/usage-pins.ts';
export { putWithRoom } from './pull-through/usage-put.ts';
export type { SpooledBody } from './pull-through/body-spool.ts';
export {
  type BodyCheck,
  defaultTransferLimits,
  type OpenBody,
  type OpenedBody,
  startTransfer,
  type Transfer,
  type TransferLimits,
} from './pull-through/transfer.ts';
export {
  createRequestLedger,
  type RequestKind,
  type RequestLedger,
  type RequestSummary,
} from './ledger/request-ledger.ts';
export { openTlsAuthority, type TlsAuthority, type TlsAuthorityFacts } from './tls/authority.ts';
export {
  type RootFile,
  type RootFiles,
  UnreadableFile,
  createRootFiles,
} from './disk/root-files.ts';
export { createRecentMap } from './flow/recent-map.ts';
export {
  type ObjectCache,
  type StoredObject,
  type StoreOutcome,
  createObjectCache,
  maxRecordBytes,
} from './object-cache/object-cache.ts';
export { sealBytes } from './object-cache/seal.ts';
export { seldom } from './object-cache/seldom.ts';
export type { CacheState } from './pull-through/cache-state.ts';
export { claimed } from './pull-through/claimed.ts';
export type {
  Checked,
  DocumentKind,
  Fetched,
  Found,
} from './pull-through/documents/document-kind.ts';
export { type Refreshed, createRefreshed } from './pull-through/documents/refreshed.ts';
export { absoluteTarget, isOwnAddress } from './serving/absolute-target.ts';
export { type AnswerWait, createAnswerWaits } from './serving/answer-waits.ts';
export { type Answer, type AnswerBody, jsonAnswer } from './serving/answer.ts';
export { ClientGone } from './serving/client-gone.ts';
export { hasTag } from './serving/has-tag.ts';
export { type ListenAddress, listen } from './serving/listen.ts';
export { createNetworkCheck, isNetwork, privateNetworks } from './serving/networks.ts';
export { type OwnPages, serveOwnPages } from './serving/own-pages.ts';
export { proxyUserOf } from './serving/proxy-user.ts';
export { type ByteRange, readRange } from './serving/read-range.ts';
export { primedBody } from './serving/primed-body.ts';
export { sendAnswer } from './serving/send-answer.ts';
export { serverTiming } from './serving/server-timing.ts';
export { bookResponse } from './upstream/book-response.ts';
export {
  type BodyKind,
  type BodyFlights,
  createBodyFlights,
  type FetchedBody,
  type FoundBody,
} from './pull-through/body-flights.ts';
export { type Trouble, troubleOf } from './upstream/trouble.ts';
export { bareMediaType, isSchema1, manifestAccept, mediaTypes } from './oci/media-types.ts';
export { maxManifestBytes } from './oci/manifest.ts';
export { isTag, parseReference } from './oci/reference.ts';
export { formatPlatform, parsePlatform, type Platform, suitsPlatform } from './oci/platform.ts';
export {
  digestAlgorithm,
  digestProblem,
  isOciDigest,
  type OciDigest,
  ociDigestOf,
} from './oci/oci-digest.ts';
export { createAuthorizer } from './oci/registry/authorizer.ts';
export {
  type Credential,
  type CredentialAnswer,
  credentialKey,
  type CredentialLookup,
} from './oci/registry/credential.ts';
export { fileCredentials } from './oci/registry/credential-files.ts';
export type { Endpoint } from './oci/registry/endpoint.ts';
export type { PullContext, PullSettings } from './pull-through/pull-context.ts';
export { indexedUsage, type ObjectUsage, uncountedUsage } from './object-cache/object-usage.ts';
export { buildIdOf, clientAddress, firstOf, type IsTrustedProxy } from './serving/client-facts.ts';
export {
  type ConnectionFacts,
  type ConnectionLimits,
  createFrontServer,
  defaultConnectionLimits,
  type FrontServer,
  type HandleConnect,
} from './serving/front-server.ts';
export {
  createRequestHandler,
  type HandleRequest,
  type RequestExchange,
} from './serving/handle-requests.ts';
export type {
  RequestOutcome,
  SeenRequest,
  ServedRequest,
} from './serving/observe/served-request.ts';
export { type Finding, findingsOf } from './serving/observe/findings.ts';
export {
  type CacheFacts,
  createServingMetrics,
  type MeasuredNow,
  type ServingMetrics,
} from './serving/observe/serving-metrics.ts';
export {
  createTotals,
  type NamedTotal,
  type Total,
  type Totals,
} from './serving/observe/totals.ts';
