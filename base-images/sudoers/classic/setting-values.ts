import { parseTimeout } from './durations.ts';
import type { SettingKind } from './setting-kinds.ts';

const facilities = new Set([
  'authpriv',
  'auth',
  'daemon',
  'user',
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((number) => `local${number}`),
]);
const priorities = new Set(['alert', 'crit', 'debug', 'emerg', 'err', 'info', 'notice', 'warning']);

/** Does a setting of this kind take the value? */
export function takesValue(
  kind: SettingKind,
  value: string,
  options: { readonly noneIsPriority: boolean },
): boolean {
  switch (kind.kind) {
    case 'flag':
      return false;
    case 'text':
    case 'list':
      return true;
    case 'facility':
      return facilities.has(value);
    case 'priority':
      return priorities.has(value) || (options.noneIsPriority && value === 'none');
    case 'count':
      return isWhole(value, 0, 2 ** 32 - 1);
    case 'number':
      return isWhole(value, -(2 ** 31), 2 ** 31 - 1);
    case 'minutes':
      return isMinutes(value);
    case 'mode':
      return (
        /^[ \t\n\v\f\r]*[+-]?[0-7]+$/.test(value) &&
        isWithin(Number.parseInt(value.trim(), 8), 0, 0o777)
      );
    case 'choice':
      return kind.choices.includes(value);
    case 'duration':
      return typeof parseTimeout(value) === 'number';
    case 'limit':
      return isLimit(value);
  }
}

/** As strtonum of sudo's library, which takes the empty string for 0. */
function isWhole(text: string, least: number, most: number): boolean {
  const match = /^[ \t\n\v\f\r]*([+-]?)(\d*)$/.exec(text);
  if (match === null) return false;
  return isWithin(Number(`${match[1]}${match[2] === '' ? 0 : match[2]}`), least, most);
}

function isWithin(number: number, least: number, most: number): boolean {
  return number >= least && number <= most;
}

/** Minutes with a fraction; digits after the ninth of it are not looked at. */
function isMinutes(text: string): boolean {
  const match = /^[+-]?(\d*)(?:\.(\d*)([^]*))?$/.exec(text);
  if (match === null) return false;
  const [, whole = '', fraction = '', rest = ''] = match;
  if (fraction.length < 9 && rest !== '') return false;
  return Number(whole || 0) * 60 < 2 ** 63;
}

/** `soft,hard` or one for both; `user` and `default` alone. */
function isLimit(text: string): boolean {
  if (text === 'user' || text === 'default') return true;
  const one = /^(?:\d+|infinity)$/;
  const comma = text.indexOf(',');
  if (comma === -1) return one.test(text) && fitsLimit(text);
  const [soft, hard] = [text.slice(0, comma), text.slice(comma + 1)];
  return one.test(soft) && one.test(hard) && fitsLimit(soft) && fitsLimit(hard);
}

function fitsLimit(text: string): boolean {
  return text === 'infinity' || BigInt(text) < 2n ** 64n;
}
