import { outOfRange } from './header-number.ts';
import type { TarLimits } from './tar-limits.ts';
import { invalidTar, type TarPlace } from './tar-place.ts';

/** Seconds since 1970, rounded down, and 0 to 999,999,999 nanoseconds on top. */
export interface PaxTime {
  readonly sec: number;
  readonly nsec: number;
}

/** The record of an extended header that a value belongs to. */
export interface PaxField {
  readonly keyword: string;
  readonly limits: TarLimits;
  readonly place: TarPlace;
}

/** A decimal number of 0 to `max`; throws `layer_invalid` for anything else. */
export function paxNumber(text: string, max: number, { keyword, place }: PaxField): number {
  if (!/^-?\d{1,20}$/.test(text)) {
    throw invalidTar(place, `${keyword} is not a number: ${shown(text)}`);
  }
  const value = Number(text);
  if (value < 0 || value > max) throw outOfRange(keyword, value, place);
  return value;
}

/**
 * A time of POSIX.1-2017, pax, "pax Extended Header File Times": decimal seconds with an optional fraction, which may
 * be negative. What is finer than a nanosecond is rounded down. Throws `layer_invalid` for anything else.
 */
export function paxTime(text: string, { keyword, place }: PaxField): PaxTime {
  const match = /^(-?)(\d{1,20})(?:\.(\d*))?$/.exec(text);
  if (match === null) throw invalidTar(place, `${keyword} is not a time: ${shown(text)}`);
  const [, sign = '', whole = '', fraction = ''] = match;
  const sec = Number(whole);
  if (sec >= Number.MAX_SAFE_INTEGER) throw invalidTar(place, `${keyword} is beyond 2^53-1`);
  const nsec = Number(fraction.slice(0, 9).padEnd(9, '0'));
  if (sign === '') return { sec, nsec };
  const isRounded = /[1-9]/.test(fraction.slice(9));
  const nsecBelow = isRounded ? nsec + 1 : nsec;
  if (nsecBelow === 0) return { sec: 0 - sec, nsec: 0 };
  return { sec: -sec - 1, nsec: 1_000_000_000 - nsecBelow };
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}
