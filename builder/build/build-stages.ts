import { AshlarError, type Digest, type ImageConfig } from '../../src/index.ts';
import type { SourceTree } from '../context/source-tree.ts';
import type { BuildPlan, PlannedStage } from '../dockerfile/plan-build.ts';
import type { Step } from '../dockerfile/step.ts';
import type { StepName } from './build-events.ts';
import type { BuildSession } from './build-session.ts';
import { buildStage, type BuiltStage } from './build-stage.ts';

export interface BuildStagesRequest {
  readonly session: BuildSession;
  readonly plan: BuildPlan;
  /** The plan for one stage of the file and what it needs. */
  readonly planFor: (stage: number) => BuildPlan;
  readonly context: SourceTree;
  /** Size of the disk; that of each base when undefined. */
  readonly diskBytes: number | undefined;
  readonly baseImage: (reference: string) => Promise<Digest>;
  readonly scratchImage: (config: ImageConfig) => Promise<Digest>;
}

export interface BuiltStages {
  readonly target: BuiltStage;
  readonly steps: { readonly total: number; readonly cached: number; readonly executed: number };
}

/**
 * Builds the stages of a plan one after the other, each base image looked up once. A stage that only a trigger of a base
 * image shows to be needed is built when that is known.
 */
export async function buildStages(request: BuildStagesRequest): Promise<BuiltStages> {
  const { session, plan } = request;
  const counts = { total: 0, cached: 0, executed: 0 };
  const planned = plan.stages.reduce((sum, stage) => sum + stage.steps.length, 0);
  const built = new Map<number, BuiltStage>();
  const bases = new Map<string, Promise<Digest>>();
  const nextStep = (step: Step, stage: PlannedStage): StepName => {
    counts.total += 1;
    const text = step.original.replaceAll(/\s*\n\s*/g, ' ').trim();
    return {
      number: counts.total,
      total: Math.max(planned, counts.total),
      stage: stage.name ?? String(stage.index),
      text,
      line: step.range.firstLine,
    };
  };
  const counting: BuildSession = {
    ...session,
    emit(event) {
      if (event.kind === 'step-end' && event.result.outcome === 'cached') counts.cached += 1;
      if (event.kind === 'step-end' && event.result.outcome === 'done') counts.executed += 1;
      session.emit(event);
    },
  };
  const baseImage = (reference: string): Promise<Digest> => {
    const asked = bases.get(reference) ?? request.baseImage(reference);
    bases.set(reference, asked);
    return asked;
  };
  const buildAll = async (stages: readonly PlannedStage[]): Promise<void> => {
    for (const stage of stages) {
      if (built.has(stage.index)) continue;
      const ensureStage = (index: number): Promise<void> => buildAll(request.planFor(index).stages);
      const place = {
        ...request,
        session: counting,
        built,
        stage,
        baseImage,
        ensureStage,
        nextStep,
      };
      built.set(stage.index, await buildStage(place));
    }
  };
  await buildAll(plan.stages);
  const target = built.get(plan.target);
  if (target === undefined) throw new AshlarError('internal', 'the target was not built');
  return { target, steps: counts };
}
