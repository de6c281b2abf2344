import { splitLogicalLines } from './logical-lines.ts';
import type { FromInstruction, StageInstruction } from './instruction.ts';
import { parseInstruction } from './parse-instruction.ts';
import { InstructionFault, type ProblemSource } from './problems.ts';
import { faultError } from './fault-error.ts';

export interface TriggerPlace {
  /** The FROM that sets the triggers off; its lines are theirs. */
  readonly from: FromInstruction;
  /** The base as it is called in messages. */
  readonly baseName: string;
}

/**
 * Parses the triggers of a base image. Each has to be one instruction. Throws `dockerfile_parse_error` that names the
 * base and quotes the trigger, with the line of the FROM.
 */
export function parseTriggers(
  expressions: readonly string[],
  place: TriggerPlace,
  source: ProblemSource,
): StageInstruction[] {
  return expressions.map((expression, index) => {
    const instruction = { range: place.from.range, original: expression };
    try {
      return parseTrigger(expression, place);
    } catch (error) {
      if (!(error instanceof InstructionFault)) throw error;
      const message = `ONBUILD trigger ${index + 1} of ${place.baseName}: ${error.message}`;
      const fault = new InstructionFault(message, { code: error.code, hint: error.hint });
      throw faultError(fault, instruction, { path: source.path, escape: '\\' });
    }
  });
}

function parseTrigger(expression: string, { from }: TriggerPlace): StageInstruction {
  const lines = splitLogicalLines(expression.split('\n'), '\\');
  const [line] = lines;
  if (line === undefined || lines.length !== 1 || line.unterminated !== undefined) {
    throw new InstructionFault('it is not one instruction');
  }
  const instruction = parseInstruction({
    text: line.text,
    heredocs: line.heredocs,
    escape: '\\',
    range: from.range,
    original: expression,
    warn: () => {},
  });
  if (
    instruction.kind === 'from' ||
    instruction.kind === 'onbuild' ||
    instruction.kind === 'maintainer'
  ) {
    throw new InstructionFault(`${instruction.kind.toUpperCase()} cannot be a trigger`);
  }
  return instruction;
}
