/**
 * The token shapes of the sudoers grammar. Each function says where the longest match that begins at `at` ends, or -1. Text is bytes,
 * one character a byte.
 */

const TAB = 9;
const LF = 10;
const CR = 13;
const BACKSLASH = 92;

function classOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

const notInWord = classOf('#>!=:,() \t\r\n\\"');
const notInPath = classOf(',:=\\ \t\r\n#');
const escapedInPath = classOf(',:= \t#');
const notInValue = classOf('#=, \t\r\n\\"');
const notInArgument = classOf('#\\:, \t\r\n');
const notInInclude = classOf(' \t\r\n\v\f');
const blank = classOf(' \t');
const digit = classOf('0123456789');
const upper = classOf('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
const aliasRest = classOf('ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_');
const settingName = classOf('abcdefghijklmnopqrstuvwxyz_');
const hex = classOf('0123456789abcdefABCDEF');
const inNetwork = classOf('0123456789abcdefABCDEF.:');
const base64 = classOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=');

export function scanWord(text: string, at: number): number {
  let index = at;
  for (; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === BACKSLASH) {
      const next = text.charCodeAt(index + 1);
      if (Number.isNaN(next) || next === TAB || next === LF) break;
      index += 1;
    } else if (notInWord[code] === 1) break;
  }
  return index > at ? index : -1;
}

/** `#0`, `#-1`. */
export function scanId(text: string, at: number): number {
  if (text[at] !== '#') return -1;
  const start = text[at + 1] === '-' ? at + 2 : at + 1;
  const end = scanClass(text, start, digit);
  return end > start ? end : -1;
}

export function scanPath(text: string, at: number): number {
  if (text[at] !== '/') return -1;
  let index = at + 1;
  for (; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === BACKSLASH) {
      if (escapedInPath[text.charCodeAt(index + 1)] !== 1) break;
      index += 1;
    } else if (notInPath[code] === 1) break;
  }
  return index > at + 1 ? index : -1;
}

/** `^…$`: a `#` or `$` within it has a backslash before it. */
export function scanRegex(text: string, at: number): number {
  if (text[at] !== '^') return -1;
  let end = -1;
  for (let index = at + 1; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === LF || code === CR) break;
    const escaped = index > at + 1 && text.charCodeAt(index - 1) === BACKSLASH;
    if (text[index] === '$') end = index + 1;
    if ((text[index] === '$' || text[index] === '#') && !escaped) break;
  }
  return end;
}

/** A value of a Defaults entry. */
export function scanValue(text: string, at: number): number {
  if (text[at] === '!') return -1;
  let index = at;
  for (; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === BACKSLASH) {
      const next = text.charCodeAt(index + 1);
      if (Number.isNaN(next) || next === LF || next === CR) break;
      index += 1;
    } else if (notInValue[code] === 1) break;
  }
  return index > at ? index : -1;
}

export function scanArgument(text: string, at: number): number {
  return atLeastOne(at, scanOutside(text, at, notInArgument));
}

/** What follows `include`: up to white space that has no backslash before it. */
export function scanInclude(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === 34 || notInInclude[first] === 1 || Number.isNaN(first)) return -1;
  let index = at + 1;
  for (; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (notInInclude[code] !== 1) continue;
    const escaped = blank[code] === 1 && index > at + 1 && text.charCodeAt(index - 1) === BACKSLASH;
    if (!escaped) break;
  }
  return index;
}

export function scanAlias(text: string, at: number): number {
  return upper[text.charCodeAt(at)] === 1 ? scanClass(text, at + 1, aliasRest) : -1;
}

export function scanSettingName(text: string, at: number): number {
  return atLeastOne(at, scanClass(text, at, settingName));
}

export function scanHex(text: string, at: number): number {
  return atLeastOne(at, scanClass(text, at, hex));
}

export function scanBase64(text: string, at: number): number {
  return atLeastOne(at, scanClass(text, at, base64));
}

export function scanBlanks(text: string, at: number): number {
  return scanClass(text, at, blank);
}

/** Within quotes: everything but an ending quote, a lone backslash and a line's end. */
export function scanStringBody(text: string, at: number): number {
  let index = at;
  for (; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === LF || code === CR || code === 34) break;
    if (code === BACKSLASH) {
      if (text[index + 1] !== '"') break;
      index += 1;
    }
  }
  return atLeastOne(at, index);
}

const octet = '(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})';
const ipv4 = `${octet}(?:\\.${octet}){3}`;
const group = '[0-9A-Fa-f]{0,4}';
const ipv6Plain = `(?:${group}:){2,7}${group}`;
const ipv6Mixed = `(?:${group}:){2,6}:${ipv4}`;
const networks = [
  new RegExp(`${ipv4}(?:/${ipv4})?`, 'y'),
  new RegExp(`${ipv4}/(?:3[0-2]|[12]?[0-9])`, 'y'),
  ...[ipv6Plain, ipv6Mixed].flatMap((address) => [
    new RegExp(`${address}(?:/(?:${ipv6Mixed}|${ipv6Plain}))?`, 'y'),
    new RegExp(`${address}/(?:12[0-8]|1[01][0-9]|[1-9][0-9]|[0-9])`, 'y'),
  ]),
];

/** An IPv4 or IPv6 address, with a mask or not. */
export function scanNetwork(text: string, at: number): number {
  let separators = 0;
  for (let index = at; inNetwork[text.charCodeAt(index)] === 1; index += 1) {
    if (hex[text.charCodeAt(index)] !== 1) separators += 1;
  }
  if (separators < 2) return -1;
  let end = -1;
  for (const pattern of networks) {
    pattern.lastIndex = at;
    if (pattern.test(text)) end = Math.max(end, pattern.lastIndex);
  }
  return end;
}

function scanClass(text: string, at: number, table: Uint8Array): number {
  let index = at;
  while (table[text.charCodeAt(index)] === 1) index += 1;
  return index;
}

function scanOutside(text: string, at: number, table: Uint8Array): number {
  let index = at;
  while (index < text.length && table[text.charCodeAt(index)] !== 1) index += 1;
  return index;
}

function atLeastOne(at: number, end: number): number {
  return end > at ? end : -1;
}
