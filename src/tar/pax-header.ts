import { paxKeywords } from './pax-keywords.ts';
import type { PaxValues } from './pax-values.ts';
import { addPaxXattr, isXattrKeyword } from './pax-xattr.ts';
import type { TarLimits } from './tar-limits.ts';
import { invalidTar, type TarPlace } from './tar-place.ts';

export interface PaxContext {
  /** An `x` header is for one entry, a `g` header for all that follow. */
  readonly scope: 'entry' | 'global';
  readonly limits: TarLimits;
  readonly place: TarPlace;
}

/**
 * Reads the records of an extended header into `values`; POSIX.1-2017, pax, "pax Extended Header". A later record
 * wins over an earlier one; an empty value takes back what a global header said (an extended attribute, though, may
 * be empty). Keywords that are not known are ignored, as the standard has it. A global header may set owner and
 * time for all entries, but not names, sizes, devices or attributes: docker and GNU tar disagree on these. Throws
 * `layer_invalid` for records that are broken or that cannot be honoured.
 */
export function readPaxHeader(data: Buffer, values: PaxValues, context: PaxContext): void {
  let at = 0;
  while (at < data.length) {
    const record = nextRecord(data, at, context.place);
    applyRecord(record, values, context);
    at = record.end;
  }
}

interface PaxRecord {
  readonly keyword: string;
  readonly value: Buffer;
  readonly end: number;
}

/** `LENGTH KEYWORD=VALUE\n`, LENGTH being decimal and counting all of the record, itself included. */
function nextRecord(data: Buffer, start: number, place: TarPlace): PaxRecord {
  let at = start;
  let length = 0;
  for (; at < start + 8; at++) {
    const digit = (data[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) break;
    length = length * 10 + digit;
  }
  if (at === start || data[at] !== space) {
    throw invalidTar(place, 'a record of the extended header does not start with its length');
  }
  const end = start + length;
  if (end > data.length) {
    const left = data.length - start;
    throw invalidTar(
      place,
      `a record of the extended header claims ${length} bytes where ${left} are left`,
    );
  }
  const equals = data.indexOf(equalsSign, at + 1);
  if (equals <= at + 1 || equals >= end - 1 || data[end - 1] !== newline) {
    throw invalidTar(place, 'a record of the extended header is not KEYWORD=VALUE and a newline');
  }
  const keyword = data.toString('latin1', at + 1, equals);
  return { keyword, value: data.subarray(equals + 1, end - 1), end };
}

const space = 0x20;
const newline = 0x0a;
const equalsSign = 0x3d;

function applyRecord(record: PaxRecord, values: PaxValues, context: PaxContext): void {
  const { keyword, value } = record;
  const isXattr = isXattrKeyword(keyword);
  const known = paxKeywords.get(keyword);
  if (context.scope === 'global' && (isXattr || known?.global === 'refused')) {
    throw invalidTar(context.place, `a global extended header must not set ${keyword}`);
  }
  if (isXattr) addPaxXattr(keyword, value, values.xattrs, context);
  else known?.set(values, value.toString('latin1'), { keyword, ...context });
}
