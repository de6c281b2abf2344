import { evaluateStep } from '../../../builder/dockerfile/evaluate-step.ts';
import type { ImageConfig } from '../../../builder/dockerfile/image-config.ts';
import { type BuildRequest, planBuild } from '../../../builder/dockerfile/plan-build.ts';
import { parseDockerfile } from '../../../builder/dockerfile/parse-dockerfile.ts';
import type { DockerfileWarning } from '../../../builder/dockerfile/problems.ts';
import type { StageBase, StageState } from '../../../builder/dockerfile/stage-state.ts';
import { startStage } from '../../../builder/dockerfile/start-stage.ts';
import type { CopyStep, RunStep, Step } from '../../../builder/dockerfile/step.ts';

export const amd64 = { os: 'linux', architecture: 'amd64' } as const;

export interface EvaluatedBuild {
  readonly config: ImageConfig;
  readonly state: StageState;
  /** Of the target's stage, triggers first. */
  readonly steps: readonly Step[];
  readonly warnings: readonly DockerfileWarning[];
}

/** Evaluates a whole Dockerfile without executing a step. Base images have the configs given by reference. */
export function evaluateBuild(
  text: string,
  request: Partial<BuildRequest> & { bases?: Readonly<Record<string, ImageConfig>> } = {},
): EvaluatedBuild {
  const parsed = parseDockerfile(text, { path: 'Dockerfile' });
  const plan = planBuild(parsed, { buildArgs: {}, platform: amd64, ...request });
  const finished = new Map<number, StageState>();
  const warnings: DockerfileWarning[] = [...plan.warnings];
  let steps: Step[] = [];
  for (const stage of plan.stages) {
    const started = startStage(plan, stage, baseOf(stage.base, finished, request.bases ?? {}));
    let { state } = started;
    steps = [];
    for (const planned of [...started.triggers, ...stage.steps]) {
      const evaluation = evaluateStep(state, planned);
      state = evaluation.state;
      steps.push(evaluation.step);
      warnings.push(...evaluation.warnings);
    }
    finished.set(stage.index, state);
  }
  const state = finished.get(plan.target);
  if (state === undefined) throw new Error('the target was not evaluated');
  return { config: state.config, state, steps, warnings };
}

function baseOf(
  base: { kind: string; index?: number; reference?: string },
  finished: ReadonlyMap<number, StageState>,
  bases: Readonly<Record<string, ImageConfig>>,
): StageBase {
  if (base.kind === 'scratch') return { kind: 'scratch', ...amd64 };
  const state = finished.get(base.index ?? -1);
  if (base.kind === 'stage' && state !== undefined) return { kind: 'stage', state };
  const config = bases[base.reference ?? ''] ?? { ...amd64, config: {} };
  return { kind: 'image', config };
}

export function lastStep(text: string, request: Parameters<typeof evaluateBuild>[1] = {}): Step {
  const step = evaluateBuild(text, request).steps.at(-1);
  if (step === undefined) throw new Error('no step');
  return step;
}

export function runStep(text: string, request?: Parameters<typeof evaluateBuild>[1]): RunStep {
  const step = lastStep(text, request);
  if (step.kind !== 'run') throw new Error(`a ${step.kind} step`);
  return step;
}

export function copyStep(text: string): CopyStep {
  const step = lastStep(text);
  if (step.kind !== 'copy') throw new Error(`a ${step.kind} step`);
  return step;
}

/** A base image `img` of a config. */
export function withBase(config: ImageConfig['config']): {
  bases: Record<string, ImageConfig>;
} {
  return { bases: { img: { ...amd64, config } } };
}
