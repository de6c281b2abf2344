import {
  AshlarError,
  type Digest,
  fromUtf8,
  type ImageConfig,
  type Json,
  toAshlarError,
} from '../../src/index.ts';
import type { SourceTree } from '../context/source-tree.ts';
import { evaluateStep } from '../dockerfile/evaluate-step.ts';
import type { BuildPlan, PlannedStage } from '../dockerfile/plan-build.ts';
import type { StageBase, StageState } from '../dockerfile/stage-state.ts';
import { startStage } from '../dockerfile/start-stage.ts';
import type { CopyFrom, CopyStep, Step, WorkdirStep } from '../dockerfile/step.ts';
import type { StepName } from './build-events.ts';
import type { BuildSession } from './build-session.ts';
import { type CopySource, runCopyStep } from './copy-step.ts';
import { treePath } from './image-source-tree.ts';
import { ledgerSubject } from './ledger-subject.ts';
import { locateFailure } from './locate-failure.ts';
import { makeDirectory } from './put-files.ts';
import { runStepOnImage } from './run-step-on-image.ts';
import { createStageDisk, type StageDisk } from './stage-disk.ts';
import { adoptKnown, createStageImage, recordStep, type StageImage } from './stage-image.ts';
import { stepKeyOf } from './step-key.ts';
import { workdirOwner } from './workdir-owner.ts';

/** A stage that is built: what later stages continue from or copy from. */
export interface BuiltStage {
  readonly image: StageImage;
  readonly state: StageState;
}

export interface BuildStageRequest {
  readonly session: BuildSession;
  readonly plan: BuildPlan;
  readonly stage: PlannedStage;
  readonly built: ReadonlyMap<number, BuiltStage>;
  readonly context: SourceTree;
  /** Size of the disk; the base's own when undefined. */
  readonly diskBytes: number | undefined;
  readonly baseImage: (reference: string) => Promise<Digest>;
  readonly scratchImage: (config: ImageConfig) => Promise<Digest>;
  /** Builds a stage that the plan did not foresee, for triggers of a base image that copy from it. */
  readonly ensureStage: (index: number) => Promise<void>;
  /** Counts steps over all stages. */
  readonly nextStep: (step: Step, stage: PlannedStage) => StepName;
}

/** Builds one stage: starts from its base and takes one step after the other. */
export async function buildStage(request: BuildStageRequest): Promise<BuiltStage> {
  const { session, plan, stage } = request;
  const { base, digest } = await locating(request, stage.from, () => findStageBase(request));
  const started = startStage(plan, stage, base);
  for (const { from } of started.triggers) {
    if (from?.kind === 'stage' && !request.built.has(from.index))
      await request.ensureStage(from.index);
  }
  const image = await session.ledger.part(ledgerSubject(stage.from), () =>
    createStageImage(session, digest, request.diskBytes),
  );
  await using disk = createStageDisk(session);
  let { state } = started;
  for (const planned of [...started.triggers, ...stage.steps]) {
    session.signal.throwIfAborted();
    const evaluation = evaluateStep(state, planned);
    for (const { rule, message, line } of evaluation.warnings)
      session.emit({ kind: 'warning', rule, message, line });
    state = evaluation.state;
    const { step } = evaluation;
    const lines = started.triggers.includes(planned) ? stage.from : step;
    await takeStep(request, { step, lines, config: configOf(state), image, disk });
  }
  return { image, state };
}

/** The config in the shape that images keep: what the Dockerfile's author is belongs to provenance. */
export function configOf(state: StageState): ImageConfig {
  const { architecture, os, variant, config } = state.config;
  return { architecture, os, ...(variant === undefined ? {} : { variant }), config };
}

interface StepPlace {
  readonly step: Step;
  /** What of the Dockerfile is shown when the step fails: for a trigger of the base the FROM. */
  readonly lines: Pick<Step, 'original' | 'range'>;
  readonly config: ImageConfig;
  readonly image: StageImage;
  readonly disk: StageDisk;
}

async function takeStep(request: BuildStageRequest, place: StepPlace): Promise<void> {
  const { session } = request;
  const startMs = performance.now();
  const step = request.nextStep(place.step, request.stage);
  session.emit({ kind: 'step-start', step });
  try {
    const { outcome, digest } = await locating(request, place.lines, () =>
      performStep(request, place, step),
    );
    const durationMs = performance.now() - startMs;
    session.emit({ kind: 'step-end', step, result: { outcome, durationMs, digest } });
  } catch (error) {
    const { code } = toAshlarError(session.signal.aborted ? session.signal.reason : error);
    session.emit({ kind: 'step-failed', step, code, durationMs: performance.now() - startMs });
    throw error;
  }
}

/** Gives what fails, and the time that it takes, the line of an instruction. */
async function locating<T>(
  { plan, session }: BuildStageRequest,
  { original, range }: Pick<Step, 'original' | 'range'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await session.ledger.part(ledgerSubject({ original, range }), work);
  } catch (error) {
    throw locateFailure(error, { dockerfile: plan.scope.path, original, range });
  }
}

/** Of an instruction that is kept beside its image: one with a large heredoc would not fit there. */
const maxKeptCharacters = 16_384;

async function performStep(
  request: BuildStageRequest,
  { step, config, image, disk }: StepPlace,
  name: StepName,
): Promise<{ outcome: 'config' | 'cached' | 'done'; digest: Digest }> {
  const { session, plan } = request;
  const latestSec = plan.sourceDateEpoch ?? null;
  const provenance: Json = {
    kind: 'step',
    parent: image.image.digest,
    instruction: step.original.slice(0, maxKeptCharacters),
    line: step.range.firstLine,
  };
  const common = { session, target: image, config, latestSec, provenance };
  switch (step.kind) {
    case 'config':
      return { outcome: 'config', digest: image.digestWith(config) };
    case 'run':
      return runStepOnImage({
        ...common,
        step,
        disk,
        number: name.number,
      });
    case 'copy':
      return runCopyStep({
        ...common,
        step,
        source: await copySourceOf(request, step),
        dockerfile: plan.scope,
      });
    case 'workdir':
      return makeWorkdir(common, step);
  }
}

async function makeWorkdir(
  common: {
    session: BuildSession;
    target: StageImage;
    config: ImageConfig;
    latestSec: number | null;
    provenance: Json;
  },
  step: WorkdirStep,
): Promise<{ outcome: 'config' | 'cached' | 'done'; digest: Digest }> {
  const { session, target, config, latestSec } = common;
  const path = treePath(fromUtf8(step.path));
  if (await isDirectory(target, path))
    return { outcome: 'config', digest: target.digestWith(config) };
  const key = stepKeyOf({
    parent: target.digestWith(config),
    cacheText: step.cacheText,
    inputs: null,
    latestSec,
  });
  if (await adoptKnown(session, target, key))
    return { outcome: 'cached', digest: target.image.digest };
  const owner = await workdirOwner(session, target, step);
  await makeDirectory(
    { tree: target.files, owner, time: { nowSec: Math.floor(session.nowMs() / 1000), latestSec } },
    path,
  );
  const digest = await target.commit(config, common.provenance);
  await recordStep(session, [key], digest);
  return { outcome: 'done', digest };
}

async function isDirectory(target: StageImage, path: string): Promise<boolean> {
  try {
    return (await (await target.image.tree()).lookupFollowing(path)).inode.type === 'directory';
  } catch (error) {
    if (error instanceof AshlarError && error.code === 'file_not_found') return false;
    throw error;
  }
}

async function findStageBase(
  request: BuildStageRequest,
): Promise<{ base: StageBase; digest: Digest }> {
  const { session, plan, stage, built } = request;
  const { architecture, os } = plan.platform;
  if (stage.base.kind === 'scratch') {
    const base: StageBase = { kind: 'scratch', architecture, os };
    return { base, digest: await request.scratchImage({ architecture, os, config: {} }) };
  }
  if (stage.base.kind === 'stage') {
    const earlier = builtStage(built, stage.base.index);
    const digest = await earlier.image.publish(configOf(earlier.state), {
      kind: 'stage',
      stage: stage.base.index,
    });
    return { base: { kind: 'stage', state: earlier.state }, digest };
  }
  const digest = await request.baseImage(stage.base.reference);
  const image = await createStageImage(session, digest, undefined);
  return { base: { kind: 'image', config: image.image.root.config as StageBaseConfig }, digest };
}

type StageBaseConfig = Extract<StageBase, { kind: 'image' }>['config'];

async function copySourceOf(request: BuildStageRequest, step: CopyStep): Promise<CopySource> {
  const from: CopyFrom | undefined = step.from;
  if (from === undefined) return { kind: 'context', tree: request.context };
  if (from.kind === 'stage') {
    return {
      kind: 'image',
      name: `the stage ${request.plan.fileStages[from.index]?.name ?? from.index}`,
      stage: builtStage(request.built, from.index).image,
    };
  }
  const digest = await request.baseImage(from.reference);
  const stage = await createStageImage(request.session, digest, undefined);
  return { kind: 'image', name: `the image ${from.reference}`, stage };
}

function builtStage(built: ReadonlyMap<number, BuiltStage>, index: number): BuiltStage {
  const stage = built.get(index);
  if (stage === undefined)
    throw new AshlarError('internal', `the stage ${index} is used before it is built`);
  return stage;
}
