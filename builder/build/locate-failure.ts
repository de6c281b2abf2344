import { AshlarError } from '../../src/index.ts';
import type { SourceRange } from '../dockerfile/instruction.ts';

const shownLines = 12;

/** An instruction of a Dockerfile that was under way when something failed. */
export interface FailedInstruction {
  /** The Dockerfile as the user named it. */
  readonly dockerfile: string;
  readonly original: string;
  readonly range: SourceRange;
}

/** Adds the lines of the Dockerfile to a failure that does not tell them. What carries no code is given back as it is. */
export function locateFailure(error: unknown, instruction: FailedInstruction): unknown {
  if (!(error instanceof AshlarError) || error.data['line'] !== undefined) return error;
  const { dockerfile, original, range } = instruction;
  const line = range.firstLine;
  return new AshlarError(error.code, `${dockerfile}:${line}: ${error.message}`, {
    data: { ...error.data, line, excerpt: excerptOf(original, range) },
    hint: error.hint,
    cause: error,
  });
}

/** The instruction with the numbers of its lines. */
function excerptOf(original: string, range: SourceRange): string {
  const lines = original.split('\n');
  const width = String(range.lastLine).length;
  const shown = lines
    .slice(0, shownLines)
    .map((text, index) => `${String(range.firstLine + index).padStart(width)} | ${text}`);
  if (lines.length > shownLines)
    shown.push(`${' '.repeat(width)} | ... ${lines.length - shownLines} more lines`);
  return shown.join('\n');
}
