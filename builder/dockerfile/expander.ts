import {
  expandHeredoc,
  expandToWords,
  expandWord,
  type Lookup,
  WordFault,
} from './expand-words.ts';
import { nearestName } from './nearest-name.ts';
import { type DockerfileWarning, InstructionFault } from './problems.ts';
import { envMap } from './image-config.ts';
import { type StageState, variableOf } from './stage-state.ts';

/** Characters that all expansions of a stage may make. */
export const maxExpandedCharacters = 16 * 1024 * 1024;
const maxShownWord = 80;

/** Expands the words of one instruction and remembers what it came across. */
export interface Expander {
  /** Throws `InstructionFault` for a word that cannot be expanded. */
  word(text: string): string;
  words(text: string): readonly string[];
  heredoc(content: string): string;
  /** Variables without a value, but for declared ARGs. */
  readonly unmatched: ReadonlySet<string>;
  /** Counts characters that an expansion led to besides its own. */
  account(characters: number): void;
  /** The characters made so far in the stage. */
  readonly expandedCharacters: () => number;
  readonly warnings: Omit<DockerfileWarning, 'line'>[];
  /** Takes over what another expander of the same instruction came across. */
  absorb(other: Expander): void;
}

/** An expander on the variables of a state. `lookup` can be replaced for those that change within an instruction. */
export function createExpander(state: StageState, lookup: Lookup = variableOf(state)): Expander {
  const unmatched = new Set<string>();
  let expandedCharacters = state.expandedCharacters;
  const { escape } = state.scope;
  const note = (names: ReadonlySet<string>): void => {
    for (const name of names) if (!state.declaredArgs.has(name)) unmatched.add(name);
  };
  const account = (length: number): void => {
    expandedCharacters += length;
    if (expandedCharacters <= maxExpandedCharacters) return;
    throw expansionFault();
  };
  const guard = <Result extends { unmatched: ReadonlySet<string> }>(
    text: string,
    expand: () => Result,
  ): Result => {
    try {
      const result = expand();
      note(result.unmatched);
      return result;
    } catch (error) {
      if (!(error instanceof WordFault)) throw error;
      note(error.unmatched);
      const shown = text.length > maxShownWord ? `${text.slice(0, maxShownWord)}...` : text;
      throw new InstructionFault(`${JSON.stringify(shown)}: ${error.message}`, {
        hint: 'Quotes, backslashes and ${...} are read here; put a backslash before those that are meant as they are.',
      });
    }
  };
  const textOf = (
    text: string,
    expand: () => { text: string; unmatched: ReadonlySet<string> },
  ): string => {
    const result = guard(text, expand);
    account(result.text.length);
    return result.text;
  };
  return {
    word: (text) => textOf(text, () => expandWord(text, { escape, lookup })),
    words: (text) => guard(text, () => expandToWords(text, { escape, lookup })).words,
    heredoc: (content) => textOf(content, () => expandHeredoc(content, lookup)),
    account,
    unmatched,
    expandedCharacters: () => expandedCharacters,
    warnings: [],
    absorb(other) {
      for (const name of other.unmatched) unmatched.add(name);
      expandedCharacters += other.expandedCharacters() - state.expandedCharacters;
    },
  };
}

export function expansionFault(): InstructionFault {
  const message = `what variables are replaced by has become more than ${maxExpandedCharacters} characters`;
  return new InstructionFault(message, { hint: 'Put large values into files.' });
}

/** Docker's warning for each variable that has no value. */
export function undefinedVariableWarnings(
  unmatched: ReadonlySet<string>,
  state: StageState,
): Omit<DockerfileWarning, 'line'>[] {
  const known = [...state.args.keys(), ...envMap(state.config.config.Env).keys()];
  return [...unmatched].map((name) => {
    const near = nearestName(name, known);
    const guess = near === undefined ? '' : ` (did you mean $${near}?)`;
    return { rule: 'UndefinedVar', message: `the variable $${name} is not defined${guess}` };
  });
}
