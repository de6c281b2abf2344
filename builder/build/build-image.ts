import { join } from 'node:path';
import {
  AshlarError,
  createContentIntake,
  createFileSpool,
  createStepResults,
  type Digest,
  type ImageStore,
  type Ledger,
  setTag,
} from '../../src/index.ts';
import { openContextDirectory } from '../context/context-directory.ts';
import { createIgnoredTree } from '../context/ignored-tree.ts';
import { loadIgnoreRules } from '../context/load-ignore-rules.ts';
import type { SourceTree } from '../context/source-tree.ts';
import { openSqliteDigestCache } from '../context/sqlite-digest-cache.ts';
import { readDockerfile } from '../dockerfile/source-text.ts';
import { parseDockerfile } from '../dockerfile/parse-dockerfile.ts';
import { type BuildPlan, planBuild, type PlannedStage } from '../dockerfile/plan-build.ts';
import type { Platform } from '../dockerfile/platform.ts';
import type { Step } from '../dockerfile/step.ts';
import { sweepRunLeftovers } from '../run/sweep-run-leftovers.ts';
import { createDiskCache } from './disk-cache.ts';
import type { BuildEvent, StepName } from './build-events.ts';
import type { BuildSession, RunSettings } from './build-session.ts';
import { type BuiltStage, buildStage, configOf } from './build-stage.ts';
import { findBase, type OpenRegistryImage, scratchBase } from './find-base.ts';

export interface BuildImageOptions {
  readonly imageStore: ImageStore;
  /** State of this machine: absolute. */
  readonly home: string;
  readonly contextDir: string;
  /** The Dockerfile; `Dockerfile` in the context when undefined. */
  readonly dockerfile: string | undefined;
  readonly target: string | undefined;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly platform: Platform;
  /** Undefined: the base image's own size, or `defaultDiskBytes` for what comes from a registry or from nothing. */
  readonly diskBytes: number | undefined;
  readonly defaultDiskBytes: number;
  readonly cache: 'use' | 'ignore';
  readonly pull: 'if-missing' | 'always';
  /** Names for the image, set when all else has gone well. */
  readonly tags: readonly string[];
  /** Looks at the finished image before it is tagged; throws when it is not good enough. */
  readonly accept: (digest: Digest) => Promise<void>;
  readonly runs: RunSettings;
  readonly openRegistryImage: OpenRegistryImage;
  readonly ledger: Ledger;
  readonly emit: (event: BuildEvent) => void;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

export interface BuiltImage {
  readonly digest: Digest;
  readonly tags: readonly string[];
  readonly diskBytes: number;
  readonly steps: { readonly total: number; readonly cached: number; readonly executed: number };
  readonly newStoredBytes: number;
}

/** Raw disks kept for later builds: a few bases and what is built on them. */
const diskCacheBytes = 8 * 1024 ** 3;

/** Rows of the cache of file digests: a few hundred contexts of a thousand files. */
const digestCacheRows = 500_000;

/**
 * Builds a Dockerfile into an image in the store, and tags it. Everything that the Dockerfile says is checked before
 * anything runs. What is under way when a build fails or is ended leaves nothing mounted or running; images of finished
 * steps stay as a cache. Throws the codes of parsing, planning, steps, registry and store.
 */
export async function buildImage(options: BuildImageOptions): Promise<BuiltImage> {
  const { ledger, home } = options;
  const workRoot = join(home, 'run');
  const dockerfile = options.dockerfile ?? join(options.contextDir, 'Dockerfile');
  const { plan, context } = await ledger.span('context', 'Dockerfile', async () => ({
    plan: await readPlan(options, dockerfile),
    context: await openContext(options.contextDir, dockerfile),
  }));
  await sweepRunLeftovers(workRoot);
  using spool = createFileSpool(join(home, 'tmp'));
  using digestCache = openSqliteDigestCache({
    file: join(home, 'index', 'file-digests.sqlite'),
    maxRows: digestCacheRows,
    now: options.nowMs,
  });
  const writer = options.imageStore.createWriter();
  const session: BuildSession = {
    imageStore: options.imageStore,
    writer,
    spool,
    intake: createContentIntake(writer, spool),
    stepResults: createStepResults(options.imageStore.objects, options.nowMs),
    digestCache,
    diskCache: createDiskCache(join(home, 'disks'), diskCacheBytes),
    ledger,
    signal: options.signal,
    emit: options.emit,
    nowMs: options.nowMs,
    workRoot,
    cache: options.cache,
    runs: options.runs,
  };
  return await buildPlan(options, { session, plan, context });
}

async function buildPlan(
  options: BuildImageOptions,
  place: { session: BuildSession; plan: BuildPlan; context: SourceTree },
): Promise<BuiltImage> {
  const { session, plan, context } = place;
  const counts = { total: 0, cached: 0, executed: 0 };
  const total = plan.stages.reduce((sum, stage) => sum + stage.steps.length, 0);
  const stageNames = plan.stages.map((stage) => stage.name ?? String(stage.index));
  session.emit({ kind: 'plan', steps: total, stages: stageNames });
  for (const { rule, message, line } of plan.warnings)
    session.emit({ kind: 'warning', rule, message, line });
  const counting: BuildSession = {
    ...session,
    emit(event) {
      if (event.kind === 'step-end' && event.result.outcome === 'cached') counts.cached += 1;
      if (event.kind === 'step-end' && event.result.outcome === 'done') counts.executed += 1;
      session.emit(event);
    },
  };
  const built = new Map<number, BuiltStage>();
  for (const stage of plan.stages) {
    const request = stageRequest(options, { session: counting, plan, context, built, stage });
    const nextStep = (step: Step, of: PlannedStage): StepName => {
      counts.total += 1;
      return nameStep(step, of, { number: counts.total, total: Math.max(total, counts.total) });
    };
    built.set(stage.index, await buildStage({ ...request, nextStep }));
  }
  const target = built.get(plan.target);
  if (target === undefined) throw new AshlarError('internal', 'the target was not built');
  const provenance = {
    kind: 'build',
    dockerfile: plan.scope.path,
    stages: stageNames,
    built: new Date(
      plan.sourceDateEpoch === undefined ? session.nowMs() : plan.sourceDateEpoch * 1000,
    ).toISOString(),
  };
  const digest = await target.image.publish(configOf(target.state), provenance);
  await options.accept(digest);
  const tags: string[] = [];
  for (const tag of options.tags)
    tags.push((await setTag(session.imageStore.objects, tag, digest, session.nowMs())).name);
  const { diskBytes } = target.image.image.root;
  return {
    digest,
    tags,
    diskBytes,
    steps: counts,
    newStoredBytes: session.writer.stats.newStoredBytes,
  };
}

function stageRequest(
  options: BuildImageOptions,
  place: {
    session: BuildSession;
    plan: BuildPlan;
    context: SourceTree;
    built: ReadonlyMap<number, BuiltStage>;
    stage: PlannedStage;
  },
): Omit<Parameters<typeof buildStage>[0], 'nextStep'> {
  const { session } = place;
  const diskBytes = options.diskBytes ?? options.defaultDiskBytes;
  const tempDir = join(options.home, 'tmp');
  const { openRegistryImage, pull } = options;
  return {
    ...place,
    diskBytes: options.diskBytes,
    baseImage: (reference) =>
      findBase(reference, { session, openRegistryImage, pull, diskBytes, tempDir }),
    scratchImage: (config) => scratchBase(session, config, diskBytes),
  };
}

function nameStep(
  step: Step,
  stage: PlannedStage,
  count: { number: number; total: number },
): StepName {
  const text = step.original.replaceAll(/\s*\n\s*/g, ' ').trim();
  return { ...count, stage: stage.name ?? String(stage.index), text, line: step.range.firstLine };
}

async function readPlan(options: BuildImageOptions, dockerfile: string): Promise<BuildPlan> {
  const parsed = parseDockerfile(await readDockerfile(dockerfile, { path: dockerfile }), {
    path: dockerfile,
  });
  const { target, buildArgs, platform } = options;
  return planBuild(parsed, { target, buildArgs, platform });
}

async function openContext(contextDir: string, dockerfile: string): Promise<SourceTree> {
  const tree = await openContextDirectory(contextDir);
  return createIgnoredTree(tree, await loadIgnoreRules({ context: contextDir, dockerfile }));
}
