import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';
import type { ErrorCode } from '../errors/catalogue.ts';
import { BodyCut } from './s3-body.ts';

/** What was asked of a bucket when a request failed. */
export interface S3Access {
  readonly action: 'read' | 'write' | 'list' | 'delete';
  readonly bucket: string;
  /** As given, or the name of AWS and the region. */
  readonly endpoint: string;
}

interface Meaning {
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint?: string;
}

/** The HTTP status of a failure that the server answered, if it did. */
export function httpStatusOf(error: unknown): number | undefined {
  const metadata = metadataOf(error);
  return typeof metadata['httpStatusCode'] === 'number' ? metadata['httpStatusCode'] : undefined;
}

/** How many requests the SDK made before it gave up. */
export function attemptsOf(error: unknown): number {
  const metadata = metadataOf(error);
  return typeof metadata['attempts'] === 'number' ? metadata['attempts'] : 1;
}

function s3ErrorName(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

/** Whether the server said that there is no such object; a missing bucket is another matter. */
export function isMissingObject(error: unknown): boolean {
  return s3ErrorName(error) === 'NoSuchKey' || s3ErrorName(error) === 'NotFound';
}

/** Whether the same request may fare better soon: no answer, a server that is unwell, another request for the key. */
export function isRepeatable(error: unknown): boolean {
  if (error instanceof AshlarError) return false;
  const status = httpStatusOf(error);
  if (status === undefined) return isNetworkFailure(error);
  if (fullNames.includes(s3ErrorName(error))) return false;
  const isSlow = s3ErrorName(error) === 'RequestTimeout';
  return isSlow || [408, 409, 429, 500, 502, 503, 504].includes(status);
}

/**
 * Throws a failure of the SDK as one with a code, naming the endpoint and the bucket; what says nothing about the
 * store (a fault in the request, say) is thrown as it is.
 */
export function rethrowNamed(error: unknown, access: S3Access): never {
  const meaning = error instanceof AshlarError ? undefined : meaningOf(error);
  if (meaning === undefined) throw error;
  const status = httpStatusOf(error);
  const said = [
    s3ErrorName(error),
    systemErrorCode(error),
    status === undefined ? '' : `HTTP ${status}`,
  ];
  const detail = [...new Set(said.filter((text) => text !== undefined && text !== ''))].join(', ');
  const words = error instanceof Error && status === undefined ? `: ${error.message}` : '';
  throw new AshlarError(
    meaning.code,
    `bucket ${access.bucket} at ${access.endpoint} ${meaning.what} (${detail} on ${access.action})${words}`,
    {
      data: { bucket: access.bucket, endpoint: access.endpoint },
      cause: error,
      ...(meaning.hint === undefined ? {} : { hint: meaning.hint }),
    },
  );
}

/** No answer within the time allowed for one operation. */
export function s3TimedOut(access: S3Access, totalMs: number, cause: unknown): AshlarError {
  return new AshlarError(
    'store_unreachable',
    `bucket ${access.bucket} at ${access.endpoint} did not finish a ${access.action} within ${totalMs} ms`,
    { data: { bucket: access.bucket, endpoint: access.endpoint }, cause },
  );
}

const fullNames: readonly string[] = ['QuotaExceeded', 'InsufficientStorage', 'XMinioStorageFull'];

/** Names that the SDK and Node give to failures in which no server answered. */
const networkNames: readonly string[] = ['TimeoutError', 'AbortError'];

function meaningOf(error: unknown): Meaning | undefined {
  const status = httpStatusOf(error);
  const name = s3ErrorName(error);
  if (name === 'CredentialsProviderError') return noCredentials;
  if (error instanceof BodyCut || isParseFailure(error)) return unwell;
  if (fullNames.includes(name) || status === 507) return full;
  if (name === 'InvalidBucketName') return noBucket;
  if (name === 'RequestTimeTooSkewed') return skewed;
  if (name === 'AuthorizationHeaderMalformed') return elsewhere;
  if (status === undefined) return isNetworkFailure(error) ? silent : undefined;
  return status >= 500 && status !== 501 ? unwell : meaningOfStatus[status];
}

const noCredentials: Meaning = {
  code: 'store_unreachable',
  what: 'needs credentials, and none were found',
  hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.',
};
const full: Meaning = { code: 'store_full', what: 'has no space left' };
const noBucket: Meaning = {
  code: 'store_unreachable',
  what: 'does not exist',
  hint: 'Make the bucket, or mend its name, the endpoint or the region in the URL of the store.',
};
const skewed: Meaning = {
  code: 'store_unreachable',
  what: 'refuses requests that are signed with a wrong time',
  hint: "Set this machine's clock.",
};
const refused: Meaning = {
  code: 'store_unreachable',
  what: 'refuses these credentials',
  hint: 'Check the AWS credentials, and that they may get, put, delete and list (s3:ListBucket) in the bucket.',
};
const elsewhere: Meaning = {
  code: 'store_unreachable',
  what: 'lies in another region',
  hint: 'Name the region of the bucket with ?region= or AWS_REGION.',
};
const notImplemented: Meaning = {
  code: 'store_url_invalid',
  what: 'cannot do what a store needs',
  hint: 'Use a server that honours If-None-Match on PUT, ranges and ListObjectsV2.',
};
const silent: Meaning = { code: 'store_unreachable', what: 'does not answer' };
const unwell: Meaning = { code: 'store_unreachable', what: 'does not answer as S3 should' };

const meaningOfStatus: Readonly<Record<number, Meaning>> = {
  301: elsewhere,
  307: elsewhere,
  401: refused,
  403: refused,
  404: noBucket,
  409: unwell,
  429: unwell,
  501: notImplemented,
};

function isNetworkFailure(error: unknown): boolean {
  return networkNames.includes(s3ErrorName(error)) || systemErrorCode(error) !== undefined;
}

/** The answer was not S3's XML. */
function isParseFailure(error: unknown): boolean {
  return error instanceof Error && '$responseBodyText' in error;
}

function metadataOf(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error) || !('$metadata' in error)) return {};
  const metadata = error.$metadata;
  return typeof metadata === 'object' && metadata !== null
    ? (metadata as Record<string, unknown>)
    : {};
}
