import type { OciDigest } from '../oci-digest.ts';
import { createByteCheck, type ByteCheck } from '../verifying-stream.ts';
import { AttemptFailure } from '../../upstream/attempt-failure.ts';
import type { Endpoint } from './endpoint.ts';
import type { Exchange } from './exchange-request.ts';
import { beforeNextAttempt, withRetries, type RetryPlan } from '../../upstream/retry.ts';
import type { TransportResponse } from '../../upstream/transport.ts';

export interface BlobQuery {
  readonly endpoint: Endpoint;
  readonly repository: string;
  readonly digest: OciDigest;
  readonly sizeBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** How far a download has come. It can go on from another endpoint: the digest says what belongs there. */
export interface BlobProgress {
  receivedBytes: number;
  readonly check: ByteCheck;
}

/** An attempt that brought this much makes those before it forgotten: a large blob meets more resets. */
const forgivingBytes = 1024 * 1024;

export function startBlob({ digest, sizeBytes, endpoint }: BlobQuery): BlobProgress {
  const fail = (problem: string): AttemptFailure =>
    new AttemptFailure(`${endpoint.host} sent a blob that ${problem}`, {
      code: 'registry_corrupt',
      isPassing: false,
    });
  return { receivedBytes: 0, check: createByteCheck({ digest, sizeBytes, fail }) };
}

/**
 * The rest of a blob from one endpoint, resumed by Range requests where the connection breaks off, stalls or
 * ends early. Size and digest are checked over the whole; on a mismatch it throws instead of ending.
 */
export async function* downloadRest(
  exchange: Exchange,
  query: BlobQuery,
  { progress, plan }: { progress: BlobProgress; plan: RetryPlan },
): AsyncGenerator<Buffer, void, undefined> {
  let failures = 0;
  while (progress.receivedBytes < query.sizeBytes) {
    const before = progress.receivedBytes;
    try {
      for await (const chunk of attempt(exchange, query, before)) {
        progress.check.update(chunk);
        progress.receivedBytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      if (progress.receivedBytes - before >= forgivingBytes) failures = 0;
      failures += 1;
      await beforeNextAttempt(error, failures, plan);
    }
  }
  finish(progress, plan);
}

/** A whole small blob. Wrong bytes are fetched again, which a stream cannot do. */
export async function downloadWhole(
  exchange: Exchange,
  query: BlobQuery,
  plan: RetryPlan,
): Promise<Buffer> {
  return withRetries(plan, async () => {
    const { check } = startBlob(query);
    const chunks: Buffer[] = [];
    try {
      if (query.sizeBytes > 0) {
        for await (const chunk of attempt(exchange, query, 0)) {
          check.update(chunk);
          chunks.push(chunk);
        }
      }
      check.finish();
    } catch (error) {
      if (!(error instanceof AttemptFailure) || error.facts.code !== 'registry_corrupt')
        throw error;
      throw new AttemptFailure(error.message, { ...error.facts, isPassing: true, cause: error });
    }
    return Buffer.concat(chunks);
  });
}

function finish(progress: BlobProgress, plan: RetryPlan): void {
  try {
    progress.check.finish();
  } catch (error) {
    throw error instanceof AttemptFailure ? plan.giveUp(error, 1) : error;
  }
}

/** One request for the bytes from `offset` on; ends early without a word only where the answer does. */
async function* attempt(
  exchange: Exchange,
  query: BlobQuery,
  offset: number,
): AsyncGenerator<Buffer, void, undefined> {
  const { digest, sizeBytes, endpoint, repository, signal } = query;
  const headers = { accept: '*/*', ...(offset === 0 ? {} : { range: `bytes=${offset}-` }) };
  const path = `blobs/${digest}`;
  const request = { endpoint, repository, signal, method: 'GET', path, headers } as const;
  const response = await exchange(request);
  const problem = headProblem(response, offset, sizeBytes);
  if (problem !== null) {
    await response.discard();
    const words = `${response.url.host} ${problem}`;
    throw new AttemptFailure(words, { code: 'registry_corrupt', isPassing: true });
  }
  let skipBytes = response.status === 206 ? 0 : offset;
  let leftBytes = sizeBytes - offset;
  for await (const chunk of response.body) {
    const skipped = Math.min(skipBytes, chunk.length);
    skipBytes -= skipped;
    leftBytes -= chunk.length - skipped;
    if (skipped < chunk.length) yield skipped === 0 ? chunk : chunk.subarray(skipped);
  }
  if (leftBytes > 0) {
    const received = sizeBytes - leftBytes;
    const words = `${response.url.host} ended the answer after ${received} of ${sizeBytes} bytes`;
    throw new AttemptFailure(words, { code: 'registry_unavailable', isPassing: true });
  }
}

/** What the head of an answer shows to be wrong before any byte is handed on. */
function headProblem(
  response: TransportResponse,
  offset: number,
  sizeBytes: number,
): string | null {
  const encoding = response.header('content-encoding');
  if (encoding !== null && encoding !== 'identity') return `encoded a blob with ${encoding}`;
  if (response.status === 206) {
    const text = response.header('content-range') ?? '';
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(text);
    const total = range?.[3];
    const isRight = Number(range?.[1]) === offset && (total === '*' || Number(total) === sizeBytes);
    return isRight
      ? null
      : `sent another range than asked for (${JSON.stringify(text.slice(0, 80))})`;
  }
  const length = response.header('content-length');
  return length === null || Number(length) === sizeBytes
    ? null
    : `announced a blob of ${length.slice(0, 20)} bytes instead of ${sizeBytes}`;
}
