import { AshlarError } from '../errors/ashlar-error.ts';
import { defaultMaxBytes } from './object-store.ts';

/** The object that a failure is about. */
export interface ObjectPlace {
  /** The store, without secrets. */
  readonly url: string;
  readonly key: string;
}

export function objectMissing(place: ObjectPlace, cause?: unknown): AshlarError {
  return new AshlarError('object_missing', `${place.url} has no object ${place.key}`, {
    data: { ...place },
    cause,
  });
}

export function objectTooLarge(
  place: ObjectPlace,
  size: { readonly sizeBytes?: number; readonly maxBytes: number },
): AshlarError {
  const has = size.sizeBytes === undefined ? 'more' : `${size.sizeBytes} bytes`;
  return new AshlarError(
    'object_too_large',
    `object ${place.key} in ${place.url} has ${has}, and ${size.maxBytes} bytes are the most accepted here`,
    { data: { ...place, ...size } },
  );
}

export interface ByteRange {
  readonly offset: number;
  readonly lengthBytes: number;
}

export function objectTruncated(
  place: ObjectPlace,
  range: ByteRange & { readonly sizeBytes?: number },
): AshlarError {
  const ends = range.sizeBytes === undefined ? 'ends before that' : `has ${range.sizeBytes} bytes`;
  return new AshlarError(
    'object_truncated',
    `bytes ${range.offset} to ${range.offset + range.lengthBytes} were asked of object ${place.key} in ${place.url}, which ${ends}`,
    { data: { ...place, ...range } },
  );
}

/** Throws `internal` for a range that no object can have, `object_too_large` above 64 MiB. */
export function checkByteRange(place: ObjectPlace, range: ByteRange): void {
  checkIsRange(place, range);
  const { lengthBytes } = range;
  if (lengthBytes > defaultMaxBytes) {
    throw objectTooLarge(place, { sizeBytes: lengthBytes, maxBytes: defaultMaxBytes });
  }
}

/** Throws `internal` for a range that no object can have. */
export function checkIsRange(place: ObjectPlace, range: ByteRange): void {
  const { offset, lengthBytes } = range;
  if (!isByteCount(offset) || !isByteCount(lengthBytes) || !isByteCount(offset + lengthBytes)) {
    throw new AshlarError(
      'internal',
      `not a byte range: offset ${offset}, length ${lengthBytes}, of object ${place.key} in ${place.url}`,
      { data: { ...place, ...range } },
    );
  }
}

/** The range that was asked for, in an object of `sizeBytes`; `object_truncated` where it does not reach so far. */
export function rangeWithin(
  place: ObjectPlace,
  asked: { readonly offset?: number; readonly lengthBytes?: number },
  sizeBytes: number,
): ByteRange {
  const offset = asked.offset ?? 0;
  const lengthBytes = asked.lengthBytes ?? Math.max(sizeBytes - offset, 0);
  if (offset + lengthBytes > sizeBytes) {
    throw objectTruncated(place, { offset, lengthBytes, sizeBytes });
  }
  return { offset, lengthBytes };
}

function isByteCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
