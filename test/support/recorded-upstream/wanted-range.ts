import type { IncomingHttpHeaders } from 'node:http';

export interface RangedResource {
  readonly sizeBytes: number;
  /** What If-Range may name: the ETag, the date of the last change. */
  readonly validators: readonly (string | undefined)[];
}

/**
 * The one range that a request wants (RFC 9110, section 14), from the first to behind the last byte; null where all of
 * the resource is to be sent, as for several ranges or an If-Range that does not hold.
 */
export function wantedRange(
  headers: IncomingHttpHeaders,
  { sizeBytes, validators }: RangedResource,
): { readonly from: number; readonly to: number } | 'unsatisfiable' | null {
  const condition = headers['if-range']?.toString();
  if (headers.range === undefined) return null;
  if (condition !== undefined && !validators.includes(condition)) return null;
  const bounds = /^bytes=(\d*)-(\d*)$/.exec(headers.range);
  if (bounds === null || (bounds[1] === '' && bounds[2] === '')) return null;
  const [from, last] =
    bounds[1] === ''
      ? [Math.max(0, sizeBytes - Number(bounds[2])), sizeBytes - 1]
      : [Number(bounds[1]), Math.min(sizeBytes - 1, Number(bounds[2] || Infinity))];
  return from > last ? 'unsatisfiable' : { from, to: last + 1 };
}
