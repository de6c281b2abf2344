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
