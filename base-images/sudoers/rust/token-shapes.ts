import { type TokenShape, TokenError } from './combinators.ts';
import type { RustFeatures } from './rust-features.ts';

/** `ALL`, the name of an alias, or what it says. */
export type Meta<Value> =
  | { readonly kind: 'all' }
  | { readonly kind: 'alias'; readonly name: string }
  | { readonly kind: 'only'; readonly value: Value };

const within =
  (characters: string) =>
  (character: string): boolean =>
    characters.includes(character);
const isControl = (character: string): boolean => /\p{Cc}/u.test(character);
const isAlphanumeric = (character: string): boolean => /[A-Za-z0-9]/.test(character);
const isDigit = (character: string): boolean => /[0-9]/.test(character);
const isUppercase = (character: string): boolean =>
  (character < '\u0080' ? /[A-Z]/ : /\p{Uppercase}/u).test(character);

export function usernameShape(features: RustFeatures): TokenShape<string> {
  const others = features.widerNames ? '.-_@$' : '.-_';
  const letters = features.unicodeNames
    ? (character: string) => isAlphanumeric(character) || /[\p{Alphabetic}\p{N}]/u.test(character)
    : isAlphanumeric;
  const rest = (character: string): boolean => letters(character) || others.includes(character);
  const notFirst = features.widerNames ? '@' : '_';
  return {
    maxBytes: 255,
    rest,
    first: (character) => character !== notFirst && rest(character),
    escaped: within(features.spaceEscapes ? '\\",:=!() ' : '\\",:=!()'),
    construct: (text) =>
      features.widerNames && text.replace(/\$$/, '').includes('$')
        ? new TokenError('embedded $ in username')
        : text,
  };
}

export function idShape(features: RustFeatures): TokenShape<number> {
  return {
    maxBytes: features.longIds ? 10 : 9,
    first: isDigit,
    rest: isDigit,
    escaped: null,
    construct: (text) =>
      Number(text) < 2 ** 32 ? Number(text) : new TokenError('value too large'),
  };
}

const isOfHost = (character: string): boolean =>
  isAlphanumeric(character) || '.-_'.includes(character);

export function hostShape(features: RustFeatures): TokenShape<string> {
  return {
    maxBytes: 255,
    first: isOfHost,
    rest: isOfHost,
    escaped: null,
    construct: (text) =>
      features.refusesAddresses && /^\d{1,3}(?:\.\d{1,3}){0,3}$/.test(text)
        ? new TokenError('hosts cannot be specified using an IPv4 address')
        : text,
  };
}

export const aliasShape: TokenShape<string> = {
  maxBytes: 255,
  first: (character) => /[A-Z]/.test(character),
  rest: (character) => /[A-Z0-9_]/.test(character),
  escaped: null,
  construct: (text) => text,
};

/** The shape, or ALL, or an alias. */
export function metaShape<Value>(shape: TokenShape<Value>): TokenShape<Meta<Value>> {
  return {
    maxBytes: shape.maxBytes,
    first: (character) => shape.first(character) || isUppercase(character),
    rest: (character) => shape.rest(character) || isUppercase(character),
    escaped: shape.escaped,
    construct: (raw) => {
      const text = raw.trimEnd();
      if (text === 'ALL') return { kind: 'all' };
      if (/^[A-Z][A-Z0-9_]*$/.test(text)) return { kind: 'alias', name: text };
      const value = shape.construct(raw);
      return value instanceof TokenError ? value : { kind: 'only', value };
    },
  };
}

export const settingNameShape: TokenShape<string> = {
  maxBytes: 255,
  first: (character) => isAlphanumeric(character) || character === '_',
  rest: (character) => isAlphanumeric(character) || character === '_',
  escaped: null,
  construct: (text) => text,
};

export const numericShape: TokenShape<string> = {
  maxBytes: 18,
  first: (character) => /[0-9A-Fa-f.]/.test(character),
  rest: (character) => /[0-9A-Fa-f.]/.test(character),
  escaped: null,
  construct: (text) => text,
};

export function variableShape(features: RustFeatures): TokenShape<string> {
  const escaped = within(features.spaceEscapes ? '\\=#",' : '\\=#"');
  const fits = (character: string): boolean =>
    !isControl(character) && !/\s/u.test(character) && !escaped(character);
  return { maxBytes: 255, first: fits, rest: fits, escaped, construct: (text) => text };
}

/** Text up to one of these characters, which a backslash lets in. */
function textShape(
  stops: string,
  options: { readonly controlsEscape: boolean },
): TokenShape<string> {
  const escaped = (character: string): boolean =>
    stops.includes(character) || (options.controlsEscape && isControl(character));
  const fits = (character: string): boolean => !stops.includes(character) && !isControl(character);
  return { maxBytes: 1024, first: fits, rest: fits, escaped, construct: (text) => text };
}

export const quotedTextShape = textShape('\\"', { controlsEscape: true });
export const quotedPathShape = textShape('"', { controlsEscape: true });
export const includePathShape = textShape('\\" ', { controlsEscape: false });
export const plainTextShape = textShape('\\" #,', { controlsEscape: false });

const isOfQuotes = (character: string): boolean => character !== '"' && !isControl(character);

/** The inside of quotes, with backslashes before what needs them outside. */
export function unquotedShape(inner: TokenShape<unknown>): TokenShape<string> {
  return {
    maxBytes: 1024,
    first: isOfQuotes,
    rest: isOfQuotes,
    escaped: null,
    construct: (text) =>
      Array.from(text, (character) =>
        inner.escaped?.(character) === true ? `\\${character}` : character,
      ).join(''),
  };
}

/** Of CWD=. */
export const directoryShape: TokenShape<string> = {
  ...textShape('\\" ', { controlsEscape: false }),
  first: within('~/*'),
  construct: (text) =>
    text !== '*' && text.includes('*') ? new TokenError("path cannot contain '*'") : text,
};
