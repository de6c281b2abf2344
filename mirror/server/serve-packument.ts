import {
  type Answer,
  type AnswerBody,
  hasTag,
  type ObjectCache,
  type StoredObject,
} from '../../src/network.ts';
import type { PackumentVariant } from '../documents/packument-variants.ts';
import type { FoundPackument } from '../documents/packuments.ts';
import { cacheControl, staleHeaders } from './freshness-headers.ts';
import { jsonType } from './json-type.ts';

export interface PackumentRequest {
  readonly acceptEncoding: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
  readonly isPrivate: boolean;
  readonly maxAgeMs: number;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** The answer with a packument: as gzip to clients that take it where it is kept so, else as JSON. */
export function packumentAnswer(
  found: FoundPackument,
  variant: PackumentVariant,
  { request, cache }: { readonly request: PackumentRequest; readonly cache: ObjectCache },
): Answer {
  const { record, state } = found;
  const gzip = acceptsGzip(request.acceptEncoding) ? variant.gzip : null;
  const etag = `"${variant.tag}${gzip === null ? '' : '-gzip'}"`;
  const headers = {
    'content-type': jsonType(record.contentType),
    etag,
    vary: 'accept, accept-encoding',
    'cache-control': cacheControl(record, request),
    ...(record.lastModified === null ? {} : { 'last-modified': record.lastModified }),
    ...staleHeaders(found, request.nowMs),
  };
  if (isUnchanged(request, { etag, lastModified: record.lastModified }))
    return { status: 304, headers, body: null, state };
  if (gzip === null) {
    const pieces = variant.plain(request.signal);
    return { status: 200, headers, body: { sizeBytes: null, pieces }, state };
  }
  const encoded = { ...headers, 'content-encoding': 'gzip' };
  return { status: 200, headers: encoded, body: bodyOf(gzip, cache, request.signal), state };
}

function bodyOf(object: StoredObject, cache: ObjectCache, signal: AbortSignal): AnswerBody {
  if (object.kind === 'bytes') return object.bytes;
  return { sizeBytes: object.sizeBytes, pieces: cache.pieces(object, signal) };
}

/** RFC 9110, section 13.2.2: the date counts only where no tag is given. */
function isUnchanged(
  { ifNoneMatch, ifModifiedSince }: PackumentRequest,
  { etag, lastModified }: { etag: string; lastModified: string | null },
): boolean {
  if (ifNoneMatch !== undefined) return hasTag(ifNoneMatch, etag);
  if (ifModifiedSince === undefined || lastModified === null) return false;
  return Date.parse(lastModified) <= Date.parse(ifModifiedSince);
}

/** RFC 9110, section 12.5.3. */
function acceptsGzip(header: string | undefined): boolean {
  const codings = (header ?? '').split(',').map((part) => part.trim().toLowerCase());
  const quality = (name: string): number | null => {
    const found = codings.find((coding) => coding.split(';')[0]?.trim() === name);
    if (found === undefined) return null;
    const stated = /;\s*q=([\d.]+)/.exec(found)?.[1];
    return stated === undefined ? 1 : Number(stated);
  };
  return (quality('gzip') ?? quality('x-gzip') ?? quality('*') ?? 0) > 0;
}
