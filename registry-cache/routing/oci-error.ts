import {
  type AshlarError,
  type ErrorClass,
  type ErrorCode,
  toAshlarError,
} from '../../src/index.ts';
import { withoutSecrets } from './without-secrets.ts';

/**
 * OCI distribution-spec 1.1, "Error Codes"; and of those that clients know from docker's registry besides: UNAVAILABLE, UNKNOWN,
 * PAGINATION_NUMBER_INVALID.
 */
export type OciErrorCode =
  | 'BLOB_UNKNOWN'
  | 'DENIED'
  | 'DIGEST_INVALID'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'PAGINATION_NUMBER_INVALID'
  | 'TOOMANYREQUESTS'
  | 'UNAUTHORIZED'
  | 'UNAVAILABLE'
  | 'UNKNOWN'
  | 'UNSUPPORTED';

export interface OciError {
  readonly status: number;
  readonly code: OciErrorCode;
}

const own: Readonly<Partial<Record<ErrorCode, OciError>>> = {
  repository_name_invalid: { status: 400, code: 'NAME_INVALID' },
  tag_invalid: { status: 400, code: 'MANIFEST_INVALID' },
  digest_invalid: { status: 400, code: 'DIGEST_INVALID' },
  page_invalid: { status: 400, code: 'PAGINATION_NUMBER_INVALID' },
  registry_not_cached: { status: 404, code: 'NAME_UNKNOWN' },
  repository_unknown: { status: 404, code: 'NAME_UNKNOWN' },
  manifest_unknown: { status: 404, code: 'MANIFEST_UNKNOWN' },
  blob_unknown: { status: 404, code: 'BLOB_UNKNOWN' },
  endpoint_unsupported: { status: 404, code: 'UNSUPPORTED' },
  push_refused: { status: 405, code: 'UNSUPPORTED' },
  registry_auth_required: { status: 401, code: 'UNAUTHORIZED' },
  registry_rate_limited: { status: 429, code: 'TOOMANYREQUESTS' },
  interrupted: { status: 503, code: 'UNAVAILABLE' },
  // Upstream has it, and it cannot be given out: to be told apart from what is not there.
  image_invalid: { status: 502, code: 'MANIFEST_INVALID' },
  image_unsupported: { status: 502, code: 'MANIFEST_INVALID' },
};

/** For codes that do not say more to a client than who must act. */
const ofClass: Readonly<Record<ErrorClass, OciErrorCode>> = {
  author: 'UNSUPPORTED',
  caller: 'UNSUPPORTED',
  owner: 'DENIED',
  upstream: 'UNAVAILABLE',
  operator: 'UNAVAILABLE',
  platform: 'UNKNOWN',
};

/** What a failure is told clients as. Only what upstream, or the request itself, has said to be so becomes a 404. */
export function ociErrorOf({ code, entry }: AshlarError): OciError {
  const stated = own[code];
  if (stated !== undefined) return stated;
  const isAbsence = entry.httpStatus === 404 || entry.httpStatus === 401;
  return { status: isAbsence ? 500 : entry.httpStatus, code: ofClass[entry.class] };
}

export interface OciErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON; not to be sent with the answer to HEAD, whose Content-Length is the same. */
  readonly body: Buffer;
}

const defaultRetrySec = 2;
const maxRetrySec = 3600;

/**
 * The answer to a request that failed: `{"errors":[{"code","message","detail"}]}` with what Ashlar says about it and how to mend
 * it. With 429 and 503 it says when to come back (`retryAfterMs` of the error's data, else in two seconds), with 401 which
 * credential is asked for. Nothing that could be a secret is in it, and nothing of faults of Ashlar itself but their kind.
 */
export function ociErrorAnswer(
  failure: unknown,
  { registry }: { readonly registry: string | null },
): OciErrorAnswer {
  const error = toAshlarError(failure);
  const { status, code } = ociErrorOf(error);
  const body = Buffer.from(`${JSON.stringify({ errors: [bodyOf(error, code)] })}\n`);
  return {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(body.length),
      'cache-control': 'no-store',
      ...(status === 401 ? { 'www-authenticate': challenge(registry) } : {}),
      ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
      ...(status === 429 || status === 503 ? { 'retry-after': String(retrySec(error)) } : {}),
    },
    body,
  };
}

function bodyOf(error: AshlarError, code: OciErrorCode): object {
  const { entry, hint } = error;
  const isInternal = error.code === 'internal';
  const message = isInternal ? 'the cache failed; its log says how' : withoutSecrets(error.message);
  const detail = { code: error.code, class: entry.class, hint: withoutSecrets(hint) };
  return { code, message: `${message} (${detail.hint})`, detail };
}

/** RFC 7617; the realm is a quoted string, and of hosts alone. */
function challenge(registry: string | null): string {
  const name = (registry ?? '').replaceAll(/[^A-Za-z0-9.:_[\]-]/g, '');
  return `Basic realm="${name === '' ? 'ashlar' : `${name} through ashlar`}", charset="UTF-8"`;
}

function retrySec({ data }: AshlarError): number {
  const askedMs = data['retryAfterMs'];
  if (typeof askedMs !== 'number' || !Number.isFinite(askedMs)) return defaultRetrySec;
  return Math.min(Math.max(Math.ceil(askedMs / 1000), 1), maxRetrySec);
}
