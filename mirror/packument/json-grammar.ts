/** The byte classes and small automata of JSON (RFC 8259). */

export const byteOf = {
  quote: 0x22,
  backslash: 0x5c,
  openBrace: 0x7b,
  closeBrace: 0x7d,
  openBracket: 0x5b,
  closeBracket: 0x5d,
  colon: 0x3a,
  comma: 0x2c,
  lowerU: 0x75,
} as const;

const ofCharacters = (characters: string): Uint8Array => {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
};

/** 1 for white space between tokens (section 2). */
export const isSpace = ofCharacters(' \t\n\r');

/** 1 for what may follow a backslash, but for `u` (section 7). */
export const isShortEscape = ofCharacters('"\\/bfnrt');

export const isHexDigit = ofCharacters('0123456789abcdefABCDEF');

/** 1 for what stands for itself in a string: all but quote, backslash and the control characters (section 7). */
export const isPlain = new Uint8Array(256).fill(1, 0x20);
isPlain[byteOf.quote] = 0;
isPlain[byteOf.backslash] = 0;

/** The literals by their first byte (section 3). */
export const literals: ReadonlyMap<number, string> = new Map(
  ['true', 'false', 'null'].map((word) => [word.charCodeAt(0), word]),
);

/**
 * Numbers (section 6) as an automaton. `numberStep(state, byte)` gives the next state, or `numberEnds` when the byte is
 * no part of a number in this state; whether the number is whole then, `isWholeNumber` tells. Begin at `numberStart`.
 */
export const numberStart = 1;
export const numberEnds = 0;

export function numberStep(state: number, byte: number): number {
  return numberTable[(state << 8) | byte] as number;
}

export function isWholeNumber(state: number): boolean {
  return state === zero || state === whole || state === fraction || state === exponent;
}

const [minus, zero, whole, point, fraction, letterE, sign, exponent] = [2, 3, 4, 5, 6, 7, 8, 9];

const numberTable = new Uint8Array(10 << 8);
const steps: readonly (readonly [number, string, number])[] = [
  [numberStart, '-', minus],
  [numberStart, '0', zero],
  [numberStart, '123456789', whole],
  [minus, '0', zero],
  [minus, '123456789', whole],
  [zero, '.', point],
  [zero, 'eE', letterE],
  [whole, '0123456789', whole],
  [whole, '.', point],
  [whole, 'eE', letterE],
  [point, '0123456789', fraction],
  [fraction, '0123456789', fraction],
  [fraction, 'eE', letterE],
  [letterE, '+-', sign],
  [letterE, '0123456789', exponent],
  [sign, '0123456789', exponent],
  [exponent, '0123456789', exponent],
];
for (const [from, characters, to] of steps) {
  for (const character of characters) {
    numberTable[(from << 8) | character.charCodeAt(0)] = to;
  }
}
