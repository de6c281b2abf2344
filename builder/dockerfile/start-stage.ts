import { faultError } from './fault-error.ts';
import type { StageInstruction } from './instruction.ts';
import { parseTriggers } from './onbuild-triggers.ts';
import type { BuildPlan, PlannedStage } from './plan-build.ts';
import { planSteps } from './plan-steps.ts';
import { InstructionFault } from './problems.ts';
import { resolveCopyFrom } from './stage-reference.ts';
import {
  initialState,
  type PlannedStep,
  type StageBase,
  type StageState,
  triggersOf,
} from './stage-state.ts';
import { unsupportedFeatures } from './unsupported.ts';

export interface StartedStage {
  readonly state: StageState;
  /** Steps of the base's ONBUILDs, which come before those of the stage. */
  readonly triggers: readonly PlannedStep[];
}

/**
 * Begins a stage on its base, whose config is known now. A trigger that copies from a stage which the plan has not
 * among its own is a reason to plan again, with that stage in `alsoStages`.
 *
 * Throws `dockerfile_parse_error` and `dockerfile_unsupported` for triggers; the message names the base image.
 */
export function startStage(plan: BuildPlan, stage: PlannedStage, base: StageBase): StartedStage {
  const baseName =
    stage.base.kind === 'image' ? stage.base.reference : `the stage ${stage.from.base}`;
  const source = { path: plan.scope.path, escape: '\\' } as const;
  const place = { from: stage.from, baseName };
  const instructions = parseTriggers(triggersOf(base), place, source);
  for (const instruction of instructions) {
    const [fault] = triggerFaults(instruction, plan, stage);
    if (fault === undefined) continue;
    const message = `ONBUILD trigger of ${baseName}: ${fault.message}`;
    const { code, hint } = fault;
    throw faultError(new InstructionFault(message, { code, hint }), instruction, source);
  }
  const triggers = planSteps({ index: stage.index, instructions }, plan.fileStages);
  return { state: initialState(plan.scope, base), triggers };
}

function triggerFaults(
  instruction: StageInstruction,
  plan: BuildPlan,
  stage: PlannedStage,
): InstructionFault[] {
  const faults = unsupportedFeatures(instruction);
  if (instruction.kind !== 'copy' || instruction.from === undefined) return faults;
  const found = resolveCopyFrom(instruction.from, plan.fileStages, stage.index);
  if (found.kind === 'stage' || found.kind === 'image') return faults;
  const message = `COPY --from=${instruction.from} names no stage before this one`;
  return [...faults, new InstructionFault(message)];
}
