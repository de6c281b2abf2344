import type { StageInstruction } from './instruction.ts';
import { resolveCopyFrom, type NamedStage } from './stage-reference.ts';
import type { PlannedStep } from './stage-state.ts';
import type { CopyFrom } from './step.ts';

/** Instructions with the meaning of their --from at a stage. What is no finished stage there has none. */
export function planSteps(
  stage: { readonly index: number; readonly instructions: readonly StageInstruction[] },
  stages: readonly NamedStage[],
): PlannedStep[] {
  return stage.instructions.map((instruction) => ({
    instruction,
    from: copySource(instruction, stage.index, stages),
  }));
}

function copySource(
  instruction: StageInstruction,
  current: number,
  stages: readonly NamedStage[],
): CopyFrom | undefined {
  if (instruction.kind !== 'copy' || instruction.from === undefined) return undefined;
  const found = resolveCopyFrom(instruction.from, stages, current);
  return found.kind === 'stage' || found.kind === 'image' ? found : undefined;
}
