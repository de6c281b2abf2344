import { createExpander, undefinedVariableWarnings } from './expander.ts';
import { evaluateInstruction } from './evaluate-instruction.ts';
import { faultError } from './fault-error.ts';
import { type DockerfileWarning, InstructionFault } from './problems.ts';
import type { PlannedStep, StageState } from './stage-state.ts';
import type { Step } from './step.ts';
import { keepWarnings } from './warnings.ts';

export interface Evaluation {
  /** The state behind the instruction, on which the next one is evaluated. */
  readonly state: StageState;
  readonly step: Step;
  readonly warnings: readonly DockerfileWarning[];
}

/**
 * Turns an instruction into a step that can be executed, given what the stage has come to. Pure: the same state and
 * instruction give the same step.
 *
 * Throws `dockerfile_parse_error` for a word that cannot be expanded or a value that has no meaning, and
 * `dockerfile_unsupported` for what only the values show, such as ADD of a variable that holds a URL.
 */
export function evaluateStep(state: StageState, planned: PlannedStep): Evaluation {
  const { scope } = state;
  const { instruction } = planned;
  const expander = createExpander(state);
  try {
    const result = evaluateInstruction(state, planned, expander);
    const found = [
      ...undefinedVariableWarnings(expander.unmatched, state),
      ...expander.warnings,
    ].map((warning) => ({ ...warning, line: instruction.range.firstLine }));
    const warnings = keepWarnings(found, scope.checks);
    const [first] = warnings;
    if (first !== undefined && scope.checks.warningsAreErrors) {
      throw new InstructionFault(`${first.rule}: ${first.message}`, {
        hint: '# check=error=true at the top of the file makes warnings errors.',
      });
    }
    return { ...result, warnings };
  } catch (error) {
    if (error instanceof InstructionFault) throw faultError(error, instruction, scope);
    throw error;
  }
}
