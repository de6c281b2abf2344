import { join } from 'node:path';
import {
  AshlarError,
  type ChunkWriter,
  createContentIntake,
  createFileSpool,
  createStepResults,
  type Digest,
  digestOf,
  type FileSpool,
  type ImageStore,
  type Ledger,
  normalizeTagName,
  setTag,
} from '../../src/index.ts';
import { openContextDirectory } from '../context/context-directory.ts';
import type { DigestCache } from '../context/digest-cache.ts';
import { createIgnoredTree } from '../context/ignored-tree.ts';
import { loadIgnoreRules } from '../context/load-ignore-rules.ts';
import type { SourceTree } from '../context/source-tree.ts';
import { openSqliteDigestCache } from '../context/sqlite-digest-cache.ts';
import { readDockerfile } from '../dockerfile/source-text.ts';
import { parseDockerfile } from '../dockerfile/parse-dockerfile.ts';
import { type BuildPlan, planBuild } from '../dockerfile/plan-build.ts';
import type { Platform } from '../dockerfile/platform.ts';
import { endingWithWriter, watchedWriter } from '../import/watched-writer.ts';
import { createBuildMirror, type UsedMirror } from '../injection/build-mirror.ts';
import { sweepRunLeftovers } from '../run/sweep-run-leftovers.ts';
import { createDiskCache } from './disk-cache.ts';
import type { BuildEvent } from './build-events.ts';
import { buildProvenance } from './build-provenance.ts';
import type { BuildSession, RunSettings } from './build-session.ts';
import { configOf } from './build-stage.ts';
import { buildStages } from './build-stages.ts';
import { ledgerSubject } from './ledger-subject.ts';
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
  /** Looks at the image that the target begins with, before any step is taken; not called for one that begins with nothing. */
  readonly lookAtBase?: (digest: Digest) => Promise<void>;
  /** Makes of the image of the last step the one that is accepted and tagged. */
  readonly finish?: (digest: Digest) => Promise<Digest>;
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
  /** What RUN steps had of the npm mirror; null where none was there, or none was needed. */
  readonly mirror: UsedMirror | null;
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
  const { ledger, home, signal } = options;
  const workRoot = join(home, 'run');
  const input = await ledger.span('context', 'Dockerfile', () => readInput(options));
  const plan = input.planFor(options.target);
  const tags = options.tags.map(normalizeTagName);
  await ledger.span('cleanup', 'leftovers', () => sweepRunLeftovers(workRoot));
  using files = await ledger.span('cache', 'indexes', async () => openFiles(options));
  const { spool, digestCache, chunks } = files;
  const writer = watchedWriter(chunks, { ledger, signal });
  const session: BuildSession = {
    imageStore: options.imageStore,
    writer,
    spool,
    intake: createContentIntake(writer, spool),
    stepResults: createStepResults(options.imageStore.objects, options.nowMs),
    digestCache,
    diskCache: createDiskCache(join(home, 'disks'), diskCacheBytes),
    ledger,
    signal,
    emit: options.emit,
    nowMs: options.nowMs,
    workRoot,
    cache: options.cache,
    runs: options.runs,
    mirror: createBuildMirror({
      find: options.runs.findMirror,
      warn: (message) => options.emit({ kind: 'warning', rule: 'NpmMirror', message, line: null }),
    }),
    toldLimits: new Set(),
  };
  return await endingWithWriter(chunks, () =>
    buildPlan({ ...options, tags }, { session, plan, input }),
  );
}

/** What a build is made of: one Dockerfile, and the context. */
interface BuildInput {
  /** Parsed once; a plan is made for each target that is asked for. */
  readonly planFor: (target: string | undefined) => BuildPlan;
  readonly dockerfileDigest: Digest;
  readonly context: SourceTree;
}

async function readInput(options: BuildImageOptions): Promise<BuildInput> {
  const { contextDir, buildArgs, platform } = options;
  const dockerfile = options.dockerfile ?? join(contextDir, 'Dockerfile');
  const directory = await openContextDirectory(contextDir);
  const text = await readDockerfile(dockerfile, { path: dockerfile });
  const parsed = parseDockerfile(text, { path: dockerfile });
  const rules = await loadIgnoreRules({ context: contextDir, dockerfile });
  return {
    planFor: (target) => planBuild(parsed, { target, buildArgs, platform }),
    dockerfileDigest: digestOf(Buffer.from(text, 'utf8')),
    context: createIgnoredTree(directory, rules),
  };
}

interface BuildFiles extends Disposable {
  readonly spool: FileSpool;
  readonly digestCache: DigestCache;
  readonly chunks: ChunkWriter;
}

function openFiles({ home, imageStore, nowMs }: BuildImageOptions): BuildFiles {
  using stack = new DisposableStack();
  const spool = stack.use(createFileSpool(join(home, 'tmp')));
  const file = join(home, 'index', 'file-digests.sqlite');
  const digestCache = stack.use(
    openSqliteDigestCache({ file, maxRows: digestCacheRows, now: nowMs }),
  );
  const chunks = imageStore.createWriter();
  const owned = stack.move();
  return { spool, digestCache, chunks, [Symbol.dispose]: () => owned.dispose() };
}

async function buildPlan(
  options: BuildImageOptions,
  { session, plan, input }: { session: BuildSession; plan: BuildPlan; input: BuildInput },
): Promise<BuiltImage> {
  const { objects } = session.imageStore;
  const { openRegistryImage, pull, tags } = options;
  const { context, dockerfileDigest } = input;
  const diskBytes = options.diskBytes ?? options.defaultDiskBytes;
  const tempDir = join(options.home, 'tmp');
  const stages = announce(session, plan);
  const bases = new Map<string, Promise<Digest>>();
  const baseImage = (reference: string): Promise<Digest> => {
    const found = { session, openRegistryImage, pull, diskBytes, tempDir };
    const base = bases.get(reference) ?? findBase(reference, found);
    bases.set(reference, base);
    return base;
  };
  await lookAhead(options, { session, plan, baseImage });
  const { target, steps } = await buildStages({
    session,
    plan,
    planFor: (stage) => input.planFor(String(stage)),
    context,
    diskBytes: options.diskBytes,
    baseImage,
    scratchImage: (config) => scratchBase(session, config, diskBytes),
  });
  const nowMs = session.nowMs();
  const used = new Map<string, Digest>();
  for (const [reference, base] of bases) used.set(reference, await base);
  const facts = { dockerfileDigest, target: options.target, stages, bases: used, nowMs };
  const provenance = buildProvenance(plan, facts);
  const built = await target.image.publish(configOf(target.state), provenance);
  const digest = (await options.finish?.(built)) ?? built;
  await options.accept(digest);
  for (const tag of tags)
    await session.ledger.span('upload', tag, () =>
      setTag(objects, { name: tag, image: digest, nowMs: session.nowMs() }),
    );
  const { newStoredBytes } = session.writer.stats;
  const { diskBytes: builtBytes } = target.image.image.root;
  const mirror = session.mirror.use();
  return { digest, tags, diskBytes: builtBytes, steps, newStoredBytes, mirror };
}

interface LookingAhead {
  readonly session: BuildSession;
  readonly plan: BuildPlan;
  readonly baseImage: (reference: string) => Promise<Digest>;
}

/** Other stages may take long; what is wrong with finding the base is told when its own stage begins. */
async function lookAhead(
  { lookAtBase }: Pick<BuildImageOptions, 'lookAtBase'>,
  { session, plan, baseImage }: LookingAhead,
): Promise<void> {
  if (lookAtBase === undefined) return;
  let index = plan.target;
  let stage = plan.stages.find((one) => one.index === index);
  while (stage?.base.kind === 'stage') {
    ({ index } = stage.base);
    stage = plan.stages.find((one) => one.index === index);
  }
  if (stage?.base.kind !== 'image') return;
  const { reference } = stage.base;
  const base = await session.ledger
    .part(ledgerSubject(stage.from), () => baseImage(reference))
    .catch((error: unknown) => {
      if (error instanceof AshlarError) return null;
      throw error;
    });
  if (base !== null) await lookAtBase(base);
}

/** Says what will be built; gives the names of the stages. */
function announce(session: BuildSession, plan: BuildPlan): string[] {
  const stages = plan.stages.map((stage) => stage.name ?? String(stage.index));
  const steps = plan.stages.reduce((sum, stage) => sum + stage.steps.length, 0);
  session.emit({ kind: 'plan', dockerfile: plan.scope.path, steps, stages });
  for (const { rule, message, line } of plan.warnings) {
    session.emit({ kind: 'warning', rule, message, line });
  }
  return stages;
}
