import type { BytePath } from '../../src/index.ts';
import { slashUnit, unitsOf } from './path-units.ts';

/**
 * A part of a pattern. `any` is one character and `many` any number of them, neither a slash; `deep` is nothing or
 * anything up to and with a slash; `rest` is anything.
 */
export type GlobToken =
  | { readonly kind: 'unit'; readonly unit: number }
  | { readonly kind: 'any' | 'many' | 'deep' | 'rest' }
  | {
      readonly kind: 'set';
      readonly negated: boolean;
      readonly ranges: readonly (readonly [number, number])[];
    };

const star = 0x2a;
const question = 0x3f;
const opening = 0x5b;
const closing = 0x5d;
const backslash = 0x5c;
const dash = 0x2d;
const caret = 0x5e;

/** True when Docker would take the text for a pattern and not for a name. */
export function hasWildcards(text: BytePath): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '\\') at += 1;
    else if (character === '*' || character === '?' || character === '[') return true;
  }
  return false;
}

/**
 * The tokens of a pattern by the rules of Go's filepath.Match; undefined for one that it refuses (a set that is empty
 * or not closed, a backslash at the end). `doubleStar` says whether `**` goes through directories, as in
 * .dockerignore, or is `*`.
 */
export function parseGlob(
  pattern: BytePath,
  doubleStar: 'through-directories' | 'as-one-star',
): GlobToken[] | undefined {
  const units = unitsOf(pattern);
  const tokens: GlobToken[] = [];
  let at = 0;
  while (at < units.length) {
    const unit = units[at] ?? 0;
    at += 1;
    if (unit === question) tokens.push({ kind: 'any' });
    else if (unit === star) {
      const { token, length } = starToken(units, at, doubleStar);
      tokens.push(token);
      at += length;
    } else if (unit === opening) {
      const set = readSet(units, at);
      if (set === undefined) return undefined;
      tokens.push(set.token);
      at = set.end;
    } else if (unit === backslash) {
      const escaped = units[at];
      if (escaped === undefined) return undefined;
      tokens.push({ kind: 'unit', unit: escaped });
      at += 1;
    } else tokens.push({ kind: 'unit', unit });
  }
  return tokens;
}

/** The token of a star, and how many further units it takes. */
function starToken(
  units: readonly number[],
  at: number,
  doubleStar: 'through-directories' | 'as-one-star',
): { token: GlobToken; length: number } {
  if (doubleStar === 'as-one-star' || units[at] !== star)
    return { token: { kind: 'many' }, length: 0 };
  const length = units[at + 1] === slashUnit ? 2 : 1;
  const last = at + length >= units.length;
  return { token: { kind: last ? 'rest' : 'deep' }, length };
}

function readSet(
  units: readonly number[],
  start: number,
): { token: GlobToken; end: number } | undefined {
  const negated = units[start] === caret;
  const ranges: (readonly [number, number])[] = [];
  let at = negated ? start + 1 : start;
  for (;;) {
    if (units[at] === closing && ranges.length > 0) {
      return { token: { kind: 'set', negated, ranges }, end: at + 1 };
    }
    const low = readSetMember(units, at);
    if (low === undefined) return undefined;
    at = low.end;
    let high = low.unit;
    if (units[at] === dash) {
      const member = readSetMember(units, at + 1);
      if (member === undefined) return undefined;
      high = member.unit;
      at = member.end;
    }
    ranges.push([low.unit, high]);
  }
}

function readSetMember(
  units: readonly number[],
  start: number,
): { unit: number; end: number } | undefined {
  const escaped = units[start] === backslash;
  const at = escaped ? start + 1 : start;
  const unit = units[at];
  if (unit === undefined || (!escaped && (unit === dash || unit === closing))) return undefined;
  return { unit, end: at + 1 };
}

/**
 * True when the tokens match all units. All ways are followed at once, so the time is bounded by the product of
 * both lengths.
 */
export function matchGlob(tokens: readonly GlobToken[], units: readonly number[]): boolean {
  const end = tokens.length;
  // States beyond `end` stand within the `deep` of that number.
  let reached = new Uint8Array(2 * end + 1);
  let next = new Uint8Array(2 * end + 1);
  let active = enter(tokens, reached, 0);
  for (const unit of units) {
    if (active === 0) return false;
    active = 0;
    next.fill(0);
    for (let state = 0; state < reached.length; state += 1) {
      if (reached[state] === 1) active += advance({ tokens, next, state, unit });
    }
    [reached, next] = [next, reached];
  }
  return reached[end] === 1;
}

interface Advance {
  readonly tokens: readonly GlobToken[];
  readonly next: Uint8Array;
  readonly state: number;
  readonly unit: number;
}

/** Enters the states that one unit leads to from a state, and says how many are new. */
function advance({ tokens, next, state, unit }: Advance): number {
  const end = tokens.length;
  const within = state > end;
  const position = within ? state - end - 1 : state;
  const token = tokens[position];
  if (token === undefined) return 0;
  if (token.kind === 'deep') {
    const inside = mark(next, end + 1 + position);
    return inside + (unit === slashUnit ? enter(tokens, next, position + 1) : 0);
  }
  if (token.kind === 'rest') return enter(tokens, next, position);
  if (token.kind === 'many') return unit === slashUnit ? 0 : enter(tokens, next, position);
  return acceptsUnit(token, unit) ? enter(tokens, next, position + 1) : 0;
}

function acceptsUnit(token: GlobToken, unit: number): boolean {
  if (token.kind === 'unit') return token.unit === unit;
  if (token.kind === 'any') return unit !== slashUnit;
  if (token.kind !== 'set') return false;
  return token.ranges.some(([low, high]) => unit >= low && unit <= high) !== token.negated;
}

/** Marks a state and those that are reached from it without a unit. */
function enter(tokens: readonly GlobToken[], states: Uint8Array, position: number): number {
  const added = mark(states, position);
  const kind = tokens[position]?.kind;
  const passable = kind === 'many' || kind === 'deep' || kind === 'rest';
  return added === 1 && passable ? added + enter(tokens, states, position + 1) : added;
}

function mark(states: Uint8Array, state: number): number {
  if (states[state] === 1) return 0;
  states[state] = 1;
  return 1;
}
