import type { CharStream, Position, Span } from './char-stream.ts';
import type { RustFeatures } from './rust-features.ts';

/** The text makes no sense here, and the rest of the line is lost. */
export class Fatal extends Error {
  readonly span: Span;

  constructor(span: Span, message: string) {
    super(message);
    this.span = span;
  }
}

/** What is not here, but may be something else: nothing was taken. */
export type Maybe<Value> = Value | undefined;

/** What the parsers of one file share. */
export interface Context {
  readonly stream: CharStream;
  readonly features: RustFeatures;
}

export type Parse<Value> = (context: Context) => Maybe<Value>;

export function fail({ stream }: Context, message: string, start?: Position): never {
  const end = stream.position();
  throw new Fatal({ start: start ?? end, end }, message);
}

export function skipBlanks({ stream }: Context): void {
  while (stream.takeIf((character) => character === ' ' || character === '\t') !== undefined);
}

/** Blanks and continuations. */
export function skipTrailing(context: Context): void {
  for (;;) {
    skipBlanks(context);
    if (!context.stream.eat('\\')) return;
    if (!context.stream.eat('\n')) fail(context, 'stray escape sequence');
  }
}

/** The character, and blanks after it. */
export function isSyntax(context: Context, character: string): boolean {
  if (!context.stream.eat(character)) return false;
  skipTrailing(context);
  return true;
}

export function expectSyntax(context: Context, character: string): void {
  if (context.stream.eat(character)) {
    try {
      return skipTrailing(context);
    } catch (error) {
      if (!(error instanceof Fatal)) throw error;
    }
  }
  fail(context, `expecting '${character}' but found '${context.stream.peek() ?? 'EOF'}'`);
}

export function attempt<Value>(context: Context, parse: Parse<Value>): Maybe<Value> {
  const value = parse(context);
  if (value !== undefined) skipTrailing(context);
  return value;
}

export function expect<Value extends {}>(
  context: Context,
  parse: Parse<Value>,
  description: string,
): Value {
  const start = context.stream.position();
  return attempt(context, parse) ?? fail(context, `expected ${description}`, start);
}

/** As attempt, where an absence may have blanks after it too. */
export function optional<Value>(context: Context, parse: Parse<Value>): Maybe<Value> {
  const value = parse(context);
  skipTrailing(context);
  return value;
}

const maxItems = 127;

export function parseList<Value extends {}>(
  context: Context,
  parse: Parse<Value>,
  options: { readonly separator: string; readonly description: string },
): Maybe<Value[]> {
  const first = attempt(context, parse);
  if (first === undefined) return undefined;
  const items: Value[] = [first];
  while (isSyntax(context, options.separator)) {
    if (items.length >= maxItems) fail(context, 'too many items in list');
    items.push(expect(context, parse, options.description));
  }
  return items;
}

/** A token: which characters it takes, which of them only behind a backslash. */
export interface TokenShape<Value> {
  readonly maxBytes: number;
  first(character: string): boolean;
  rest(character: string): boolean;
  /** Null where a backslash is no escape. */
  readonly escaped: ((character: string) => boolean) | null;
  /** A text where it is no such token. */
  construct(text: string): Value | TokenError;
}

export class TokenError {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

export function token<Value>(shape: TokenShape<Value>): Parse<Value> {
  return (context) => {
    const start = context.stream.position();
    const first = takeCharacter(context, shape, (character) => shape.first(character));
    if (first === undefined) return undefined;
    let text = first;
    let bytes = Buffer.byteLength(first);
    for (;;) {
      const character = takeCharacter(context, shape, (candidate) => shape.rest(candidate));
      if (character === undefined) break;
      if (bytes >= shape.maxBytes) fail(context, 'token exceeds maximum length');
      text += character;
      bytes += character < '\u0080' ? 1 : Buffer.byteLength(character);
    }
    const value = shape.construct(text);
    return value instanceof TokenError ? fail(context, value.message, start) : value;
  };
}

function takeCharacter<Value>(
  context: Context,
  shape: TokenShape<Value>,
  fits: (character: string) => boolean,
): Maybe<string> {
  const { stream, features } = context;
  const { escaped } = shape;
  if (escaped === null || !stream.eat('\\')) return stream.takeIf(fits);
  const character = stream.takeIf(escaped);
  if (character !== undefined) return character;
  if (fits('\\')) return '\\';
  if (!stream.eat('\n')) return fail(context, 'illegal escape sequence');
  // The continuation is gone, and the token ends, or takes a blank for it.
  return features.continuationIsSpace && fits(' ') ? ' ' : undefined;
}
