/**
 * A path or a name as bytes: each character of the string is one byte (latin1). `<` and `===` compare
 * bytes, as memcmp does, and a name that is not valid UTF-8 stays what it is. Never show one to people
 * as it is: use `toDisplay`.
 */
export type BytePath = string;

/** The bytes that `text` has in UTF-8. A lone surrogate becomes U+FFFD, as Node's encoder has it. */
export function fromUtf8(text: string): BytePath {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

export function fromBytes(bytes: Buffer): BytePath {
  return bytes.toString('latin1');
}

export function toBytes(path: BytePath): Buffer {
  return Buffer.from(path, 'latin1');
}

/**
 * The path for people, on one line: read as UTF-8, with `\xNN` for each byte that is not UTF-8 or belongs to a
 * control, formatting (bidi, zero width), private or unassigned character, and `\\` for a backslash.
 * Different paths have different displays.
 */
export function toDisplay(path: BytePath): string {
  if (plainAscii.test(path)) return path;
  return path.replace(utf8CharacterOrByte, (bytes) => {
    if (bytes === '\\') return '\\\\';
    if (bytes.length === 1) return printable.test(bytes) ? bytes : escaped(bytes);
    const character = toBytes(bytes).toString('utf8');
    return unprintable.test(character) ? escaped(bytes) : character;
  });
}

const plainAscii = /^[\x20-\x5b\x5d-\x7e]*$/;
const printable = /^[\x20-\x7e]$/;
const unprintable = /\p{C}|\p{Zl}|\p{Zp}/u;

/** The well-formed UTF-8 sequences of The Unicode Standard, table 3-7, in bytes; else one byte. */
const utf8CharacterOrByte = new RegExp(
  [
    '[\\xc2-\\xdf][\\x80-\\xbf]',
    '\\xe0[\\xa0-\\xbf][\\x80-\\xbf]',
    '[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}',
    '\\xed[\\x80-\\x9f][\\x80-\\xbf]',
    '\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}',
    '[\\xf1-\\xf3][\\x80-\\xbf]{3}',
    '\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2}',
    '[^]',
  ].join('|'),
  'g',
);

function escaped(bytes: BytePath): string {
  return toBytes(bytes).toString('hex').replace(/../g, '\\x$&');
}

export function isAscii(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- ASCII includes the control characters
  return /^[\x00-\x7f]*$/.test(text);
}
