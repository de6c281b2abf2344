import type { EscapeCharacter } from './parser-directives.ts';

/**
 * How Docker's frontend reads a word; it has one lexer with switches. Source: Dockerfile reference, "Environment
 * replacement".
 */
export interface LexRules {
  readonly escape: EscapeCharacter;
  /** `process`: quotes are taken out; `keep`: they work, and stay; `plain`: they are characters like any other. */
  readonly quotes: 'process' | 'keep' | 'plain';
  readonly escapes: 'process' | 'keep';
  /** What becomes of a variable without a value. */
  readonly unset: 'empty' | 'keep';
}

/** The value of a variable; undefined when it has none. */
export type Lookup = (name: string) => string | undefined;

/** A word that cannot be understood; the message says why. */
export class WordFault extends Error {
  /** Variables that were looked up before the fault and had no value. */
  readonly unmatched: ReadonlySet<string>;

  constructor(message: string, unmatched: ReadonlySet<string> = new Set()) {
    super(message);
    this.name = 'WordFault';
    this.unmatched = unmatched;
  }
}

/** The state of one pass over a word. */
export interface Lexing {
  readonly source: string;
  readonly rules: LexRules;
  readonly lookup: Lookup;
  readonly unmatched: Set<string>;
  at: number;
  /** Substitutions that the pass stands in. */
  depth: number;
}

export function fault(lexing: Lexing, message: string): WordFault {
  return new WordFault(message, lexing.unmatched);
}

/** A word that grows over this many characters is refused. */
const maxExpandedLength = 1024 * 1024;

export interface TextSink {
  add(text: string): void;
  text(): string;
}

/** Collects text up to the limit of a word. */
export function createTextSink(lexing: Lexing): TextSink {
  const parts: string[] = [];
  let length = 0;
  return {
    add(text) {
      length += text.length;
      if (length > maxExpandedLength) {
        throw fault(lexing, `it becomes longer than ${maxExpandedLength} characters`);
      }
      parts.push(text);
    },
    text: () => parts.join(''),
  };
}
