import { createExpander, expansionFault, maxExpandedCharacters } from './expander.ts';
import { evaluateInstruction } from './evaluate-instruction.ts';
import { problemOf } from './fault-error.ts';
import type { PlannedStage } from './plan-build.ts';
import type { Platform } from './platform.ts';
import { InstructionFault, type Problem } from './problems.ts';
import {
  type BuildScope,
  initialState,
  type PlannedStep,
  type StageBase,
  type StageState,
} from './stage-state.ts';
import { unsupportedFeatures } from './unsupported.ts';

interface Foreseen {
  readonly state: StageState;
  /** All variables of the stage are known, because it stands on scratch and not on an image. */
  readonly complete: boolean;
}

/**
 * Goes through the stages without executing anything and collects what would fail whatever happens: features that
 * are not supported, and values that have no meaning. What depends on variables of a base image, which nobody knows
 * yet, is left to the build.
 */
export function foreseeProblems(
  stages: readonly PlannedStage[],
  { scope, platform }: { scope: BuildScope; platform: Platform },
): Problem[] {
  const problems: Problem[] = [];
  const finished = new Map<number, Foreseen>();
  const spent = { characters: 0 };
  for (const stage of stages) {
    const begun = beginOn(stage, finished, { scope, platform });
    const { complete } = begun;
    let { state } = begun;
    for (const planned of stage.steps) {
      problems.push(...refusals(planned, scope));
      state = foreseeStep({ state, complete }, planned, { problems, spent });
      // What a build may spend, the look ahead may spend once for all stages.
      if (spent.characters > maxExpandedCharacters) {
        return [...problems, problemOf(expansionFault(), planned.instruction, scope)];
      }
    }
    finished.set(stage.index, { state, complete });
  }
  return problems;
}

function beginOn(
  stage: PlannedStage,
  finished: ReadonlyMap<number, Foreseen>,
  { scope, platform }: { scope: BuildScope; platform: Platform },
): Foreseen {
  const earlier = stage.base.kind === 'stage' ? finished.get(stage.base.index) : undefined;
  const scratch: StageBase = { kind: 'scratch', ...platform };
  const base: StageBase = earlier === undefined ? scratch : { kind: 'stage', state: earlier.state };
  return {
    state: initialState(scope, base),
    complete: earlier?.complete ?? stage.base.kind === 'scratch',
  };
}

function refusals({ instruction }: PlannedStep, scope: BuildScope): Problem[] {
  return unsupportedFeatures(instruction).map((fault) => problemOf(fault, instruction, scope));
}

/** The state behind the step, or the one before it where it fails. */
function foreseeStep(
  { state, complete }: Foreseen,
  planned: PlannedStep,
  { problems, spent }: { problems: Problem[]; spent: { characters: number } },
): StageState {
  const { instruction } = planned;
  if (unsupportedFeatures(instruction).length > 0) return state;
  const expander = createExpander(state);
  try {
    return evaluateInstruction(state, planned, expander).state;
  } catch (error) {
    if (!(error instanceof InstructionFault)) throw error;
    if (complete || expander.unmatched.size === 0) {
      problems.push(problemOf(error, instruction, state.scope));
    }
    return state;
  } finally {
    spent.characters += expander.expandedCharacters() - state.expandedCharacters;
  }
}
