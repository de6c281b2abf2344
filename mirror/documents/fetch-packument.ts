import { AshlarError } from '../../src/index.ts';
import {
  AttemptFailure,
  bookResponse,
  type Fetched,
  type RequestLedger,
  type UpstreamResponse,
  withRetries,
} from '../../src/network.ts';
import { bodyKey, indexKey, type PackumentForm } from '../cache/cache-paths.ts';
import type { FetchContext } from '../fetch-context.ts';
import { encodeIndex } from '../packument/index-format.ts';
import type { View } from '../registries/view.ts';
import { conditionsFor } from '../upstream/conditions.ts';
import { refusalOf } from '../upstream/refusal.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { PackumentRecord } from './packument-record.ts';
import { defaultReceiveLimits, receivePackument } from './receive-packument.ts';

export interface PackumentTarget {
  readonly view: View;
  readonly name: string;
  readonly form: PackumentForm;
}

export interface PackumentSource {
  readonly stored: PackumentRecord | null;
  readonly ledger: RequestLedger;
  /** For the packuments that are being received. */
  readonly budget: ByteBudget;
}

/** What upstream is asked to send; some registries know only the full form and send that for both. */
const acceptOf: Readonly<Record<PackumentForm, string>> = {
  full: 'application/json',
  abbreviated: 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*',
};

/** A registry that sends nonsense is not asked as often as one that sends nothing: nonsense costs both sides. */
const maxTimesInvalid = 4;

/**
 * Fetches a packument, or learns that the stored one is still right, and stores it. Throws `package_not_found`,
 * `package_forbidden`, `registry_refused`, `registry_unavailable` and its kin, `packument_invalid`.
 */
export async function fetchPackument(
  context: FetchContext,
  target: PackumentTarget,
  source: PackumentSource,
): Promise<Fetched<PackumentRecord>> {
  const { retry: policy, waiting, signal } = context;
  const times = { missing: 0, invalid: 0 };
  return withRetries({ policy, waiting, signal, giveUp }, async () => {
    const response = await ask(context, target, source.stored);
    bookResponse(source.ledger, response);
    if (response.status === 200) return receive(context, target, { ...source, response, times });
    await response.discard();
    return withoutBody(context, target, { ...source, response, times });
  });
}

function ask(
  context: FetchContext,
  { view, name, form }: PackumentTarget,
  stored: PackumentRecord | null,
): Promise<UpstreamResponse> {
  return context.upstreamOf(view.registry).send({
    method: 'GET',
    target: `/${name.replace('/', '%2f')}`,
    headers: {
      accept: acceptOf[form],
      'accept-encoding': 'gzip',
      ...conditionsFor(stored),
    },
    authorization: view.authorization,
    timeoutMs: context.settings.fetchTimeoutMs,
    signal: context.signal,
  });
}

interface Answered extends PackumentSource {
  readonly response: UpstreamResponse;
  /** How often upstream has said so in these attempts. */
  readonly times: { missing: number; invalid: number };
}

function withoutBody(
  { waiting }: FetchContext,
  { view, name }: PackumentTarget,
  { response, stored, times }: Answered,
): Fetched<PackumentRecord> {
  if (response.status === 304 && stored !== null) {
    const etag = response.header('etag') ?? stored.etag;
    return { record: { ...stored, etag, checkedAtMs: waiting.nowMs() }, outcome: 'confirmed' };
  }
  const refusal = refusalOf(response, { name, view });
  if (response.status !== 404) throw refusal;
  times.missing += 1;
  // A registry that says once that a package is not there which was there a moment ago may not mean it.
  throw stored !== null && times.missing === 1 ? doubted(refusal) : refusal;
}

async function receive(
  context: FetchContext,
  target: PackumentTarget,
  { response, ledger, budget, times }: Answered,
): Promise<Fetched<PackumentRecord>> {
  try {
    const storing = (): Promise<PackumentRecord> =>
      receiveAndStore(context, target, { response, budget });
    return { record: await ledger.span('verify', storing), outcome: 'fetched' };
  } catch (error) {
    if (!(error instanceof AshlarError) || error.code !== 'packument_invalid') throw error;
    // What is no packument this time, such as the page of a proxy, may be one the next time.
    times.invalid += 1;
    throw invalid(error, times.invalid);
  }
}

async function receiveAndStore(
  { cache, waiting, settings, signal }: FetchContext,
  { name }: PackumentTarget,
  { response, budget }: Pick<Answered, 'response' | 'budget'>,
): Promise<PackumentRecord> {
  using room = budget.open();
  const timeoutMs = settings.fetchTimeoutMs;
  const limits = { ...defaultReceiveLimits, timeoutMs, room, signal };
  const { gzip, digest, index } = await receivePackument(response, name, limits);
  await cache.store(bodyKey(digest), { kind: 'memory', bytes: gzip });
  await cache.store(indexKey(digest), { kind: 'memory', bytes: encodeIndex(index) });
  return {
    etag: response.header('etag'),
    lastModified: response.header('last-modified'),
    contentType: response.header('content-type') ?? 'application/json',
    body: digest,
    gzipBytes: gzip.length,
    plainBytes: index.sizeBytes,
    fetchedAtMs: waiting.nowMs(),
    checkedAtMs: waiting.nowMs(),
  };
}

function giveUp(failure: AttemptFailure, attempts: number): AshlarError {
  const code = failure.cause instanceof AshlarError ? failure.cause.code : failure.facts.code;
  return new AshlarError(code, `${failure.message}; asked ${attempts} times`, { cause: failure });
}

function invalid(cause: AshlarError, times: number): AttemptFailure {
  const isPassing = times < maxTimesInvalid;
  return new AttemptFailure(cause.message, { code: 'registry_corrupt', isPassing, cause });
}

function doubted(refusal: AshlarError): AttemptFailure {
  return new AttemptFailure(refusal.message, {
    code: 'registry_unavailable',
    isPassing: true,
    cause: refusal,
  });
}
