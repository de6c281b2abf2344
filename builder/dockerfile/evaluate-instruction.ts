import { evaluateConfig } from './evaluate-config.ts';
import { evaluateCopy } from './evaluate-copy.ts';
import { evaluateRun } from './evaluate-run.ts';
import type { Expander } from './expander.ts';
import type { PlannedStep, StageState } from './stage-state.ts';
import type { Step } from './step.ts';
import { unsupportedFeatures } from './unsupported.ts';

/** The work of `evaluateStep`, for callers that want the fault itself and what the expander saw before it. */
export function evaluateInstruction(
  state: StageState,
  { instruction, from }: PlannedStep,
  expander: Expander,
): { state: StageState; step: Step } {
  if (instruction.kind === 'copy' || instruction.kind === 'add') {
    const step = evaluateCopy(state, instruction, { expander, from });
    return { state: accounted(state, expander), step };
  }
  if (instruction.kind === 'run') {
    const [unsupported] = unsupportedFeatures(instruction);
    if (unsupported !== undefined) throw unsupported;
    return { state, step: evaluateRun(state, instruction) };
  }
  const { range, original, kind } = instruction;
  const change = evaluateConfig(state, instruction, expander);
  const cacheText = JSON.stringify([kind, change.canonical]);
  const next = accounted(change.state, expander);
  const common = { range, original, cacheText };
  const { WorkingDir = '/', User = '' } = next.config.config;
  const step: Step =
    kind === 'workdir'
      ? { ...common, kind: 'workdir', path: WorkingDir, owner: User }
      : { ...common, kind: 'config', changesConfig: kind !== 'arg' };
  return { state: next, step };
}

function accounted(state: StageState, expander: Expander): StageState {
  return { ...state, expandedCharacters: expander.expandedCharacters() };
}
