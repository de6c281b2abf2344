import { AshlarError } from '../../src/index.ts';
import {
  AttemptFailure,
  type RequestLedger,
  type UpstreamResponse,
  withRetries,
} from '../../src/network.ts';
import type { PackumentForm } from '../cache/cache-paths.ts';
import { bodyKey, indexKey } from '../cache/cache-paths.ts';
import type { FetchContext } from '../fetch-context.ts';
import { encodeIndex } from '../packument/index-format.ts';
import type { View } from '../registries/view.ts';
import { bookResponse } from '../upstream/book-response.ts';
import { conditionsFor } from '../upstream/conditions.ts';
import { refusalOf } from '../upstream/refusal.ts';
import type { PackumentRecord } from './packument-record.ts';
import { defaultReceiveLimits, receivePackument } from './receive-packument.ts';

export interface PackumentTarget {
  readonly view: View;
  readonly name: string;
  readonly form: PackumentForm;
}

/** What upstream is asked to send; some registries know only the full form and send that for both. */
const acceptOf: Readonly<Record<PackumentForm, string>> = {
  full: 'application/json',
  abbreviated: 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*',
};

/**
 * Fetches a packument, or learns that the stored one is still right, and stores it. Throws `package_not_found`,
 * `registry_auth_required`, `registry_unavailable` and its kin, `packument_invalid`.
 */
export async function fetchPackument(
  context: FetchContext,
  target: PackumentTarget,
  { stored, ledger }: { stored: PackumentRecord | null; ledger: RequestLedger },
): Promise<{ readonly record: PackumentRecord; readonly outcome: 'fetched' | 'confirmed' }> {
  const { view, name } = target;
  const plan = {
    policy: context.retry,
    waiting: context.waiting,
    signal: context.signal,
    giveUp: (failure: AttemptFailure, attempts: number) =>
      new AshlarError(
        failure.cause instanceof AshlarError ? failure.cause.code : failure.facts.code,
        `${failure.message}; asked ${attempts} times`,
        { cause: failure },
      ),
  };
  let timesMissing = 0;
  let timesInvalid = 0;
  return withRetries(plan, async () => {
    const response = await ask(context, target, stored);
    bookResponse(ledger, response);
    if (response.status === 304 && stored !== null) {
      await response.discard();
      return { record: confirmed(context, stored, response), outcome: 'confirmed' };
    }
    if (response.status !== 200) {
      await response.discard();
      timesMissing += response.status === 404 ? 1 : 0;
      const refusal = refusalOf(response, { name, view });
      // A registry that says once that a package is not there which was there a moment ago may not mean it.
      if (response.status === 404 && stored !== null && timesMissing === 1) throw doubted(refusal);
      throw refusal;
    }
    try {
      const record = await ledger.span('verify', () => receiveAndStore(context, target, response));
      return { record, outcome: 'fetched' };
    } catch (error) {
      if (!(error instanceof AshlarError) || error.code !== 'packument_invalid') throw error;
      // What is no packument this time, such as the page of a proxy, may be one the next time.
      timesInvalid += 1;
      throw invalid(error, timesInvalid);
    }
  });
}

/** A registry that sends nonsense is not asked as often as one that sends nothing: nonsense costs both sides. */
const maxTimesInvalid = 4;

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

function confirmed(
  context: FetchContext,
  stored: PackumentRecord,
  response: UpstreamResponse,
): PackumentRecord {
  const etag = response.header('etag') ?? stored.etag;
  return { ...stored, etag, checkedAtMs: context.waiting.nowMs() };
}

async function receiveAndStore(
  context: FetchContext,
  { name }: PackumentTarget,
  response: UpstreamResponse,
): Promise<PackumentRecord> {
  const { cache, waiting, settings } = context;
  const limits = { ...defaultReceiveLimits, timeoutMs: settings.fetchTimeoutMs };
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
