/** Line and column, both from 1; columns count characters, not bytes. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Span {
  readonly start: Position;
  readonly end: Position;
}

/** Characters, one after the other. */
export interface CharStream {
  peek(): string | undefined;
  /** Takes the next character if it fits. */
  takeIf(fits: (character: string) => boolean): string | undefined;
  eat(character: string): boolean;
  position(): Position;
  skipToNewline(): void;
  /** Where it stands, to come back to. */
  mark(): () => void;
}

export function charStream(
  characters: readonly string[],
  start: Position = { line: 1, column: 1 },
): CharStream {
  let index = 0;
  let { line, column } = start;
  const advance = (character: string): void => {
    index += 1;
    if (character === '\n') {
      line += 1;
      column = 1;
    } else column += 1;
  };
  return {
    peek: () => characters[index],
    takeIf: (fits) => {
      const character = characters[index];
      if (character === undefined || !fits(character)) return undefined;
      advance(character);
      return character;
    },
    eat: (wanted) => {
      if (characters[index] !== wanted) return false;
      advance(wanted);
      return true;
    },
    position: () => ({ line, column }),
    skipToNewline: () => {
      for (
        let character = characters[index];
        character !== undefined && character !== '\n';
        character = characters[index]
      ) {
        advance(character);
      }
    },
    mark: () => {
      const [atIndex, atLine, atColumn] = [index, line, column];
      return () => {
        [index, line, column] = [atIndex, atLine, atColumn];
      };
    },
  };
}
