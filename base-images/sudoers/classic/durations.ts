import type { ClassicFeatures } from './classic-features.ts';

const maxInt = 2 ** 31 - 1;
const secondsOf = { d: 86_400, h: 3_600, m: 60, s: 1 } as const;

/** Seconds of `1d2h3m4s`: units in this order; a number alone is seconds. */
export function parseTimeout(text: string): number | 'invalid' | 'too large' {
  let rest = text;
  let total = 0;
  let units = 'dhms';
  do {
    const match = /^[ \t\n\v\f\r]*([+-]?\d+)([^]?)/.exec(rest);
    if (match === null) return 'invalid';
    const count = Number(match[1]);
    if (count < 0 || count > maxInt) return 'too large';
    const unit = (match[2] ?? '').toLowerCase();
    let seconds = count;
    if (unit !== '') {
      const place = units.indexOf(unit);
      if (place === -1) return 'invalid';
      units = units.slice(place);
      seconds *= secondsOf[unit as keyof typeof secondsOf];
      if (seconds > maxInt) return 'too large';
    }
    total += seconds;
    if (total > maxInt) return 'too large';
    rest = rest.slice(match[0].length);
  } while (rest !== '');
  return total;
}

/** What reads NOTBEFORE and NOTAFTER in a version. */
export function timeParser({ strictTimes }: ClassicFeatures): (text: string) => number | null {
  return strictTimes ? parseGeneralizedTime : parseLooseTime;
}

/**
 * Milliseconds since 1970 of a time as in RFC 4517, section 3.3.13: `YYYYmmddHH[MM[SS]][.f][Z|±hh[mm]]`. Without a zone it is local; here
 * that is UTC. Null where it is none.
 */
function parseGeneralizedTime(text: string): number | null {
  const match = /^(\d{10}(?:\d{2}){0,2})([.,]\d)?(Z|[+-]\d{2}(?:\d{2})?)?$/.exec(text);
  if (match === null) return null;
  const [, digits = '', fraction = '', zone = ''] = match;
  const part = (from: number, to: number): number => Number(digits.slice(from, to) || 0);
  const tenth = Number(fraction.slice(1) || 0);
  const minutes = part(10, 12) + (digits.length === 10 ? 6 * tenth : 0);
  const seconds = part(12, 14) + (digits.length === 12 ? 6 * tenth : 0);
  const time = Date.UTC(2000, part(4, 6) - 1, part(6, 8), part(8, 10), minutes, seconds);
  const year = part(0, 4) - 2000;
  const date = new Date(time);
  date.setUTCFullYear(date.getUTCFullYear() + year);
  const offset =
    zone === '' || zone === 'Z'
      ? 0
      : Number(zone.slice(0, 3)) * 60 + Number(`${zone[0]}${zone.slice(3) || 0}`);
  const result = date.getTime() - offset * 60_000;
  return result === -1000 ? null : result;
}

/**
 * As versions before 1.9.6 take it: the last part of the time, and of the zone, may have one digit alone, and what stands after it is not
 * looked at.
 */
function parseLooseTime(text: string): number | null {
  const time = text.replace(/^(\d{8}(?:\d{2}){0,2})(\d)(?!\d)[^]?/, '$10$2');
  return parseGeneralizedTime(time.replace(/([+-](?:\d{2})?)(\d)$/, '$10$2'));
}
