import type { AshlarError } from '../../src/index.ts';
import type { SourceRange } from './instruction.ts';
import { lineOfFault } from './locate-fault.ts';
import type { EscapeCharacter } from './parser-directives.ts';
import { type InstructionFault, type Problem, problemsError } from './problems.ts';

export interface FaultyInstruction {
  readonly range: SourceRange;
  readonly original: string;
}

export interface FaultSource {
  /** The Dockerfile as the user named it. */
  readonly path: string;
  readonly escape: EscapeCharacter;
}

/** The problem that a fault of an instruction is, with its line and that line's text. */
export function problemOf(
  fault: InstructionFault,
  instruction: FaultyInstruction,
  { escape }: FaultSource,
): Problem {
  const { range, original } = instruction;
  const line = lineOfFault({ range, original, escape }, fault.place);
  const text = original.split('\n')[line - range.firstLine] ?? '';
  return { code: fault.code, message: fault.message, line, text, hint: fault.hint };
}

/** The error for one fault of one instruction. */
export function faultError(
  fault: InstructionFault,
  instruction: FaultyInstruction,
  source: FaultSource,
): AshlarError {
  return problemsError(source, [problemOf(fault, instruction, source)]);
}
