import { AshlarError } from '../../src/index.ts';
import { isPredefinedArg, sourceDateEpoch } from './build-args.ts';
import { foreseeProblems } from './foresee-problems.ts';
import { readGlobalArgs, resolveBases, type StageBaseName } from './global-scope.ts';
import type { FromInstruction } from './instruction.ts';
import { nearestName } from './nearest-name.ts';
import type { ParsedDockerfile, Stage } from './parsed-dockerfile.ts';
import { type Platform } from './platform.ts';
import { type DockerfileWarning, problemsError } from './problems.ts';
import { planSteps } from './plan-steps.ts';
import type { BuildScope, PlannedStep } from './stage-state.ts';
import { keepWarnings } from './warnings.ts';

export interface BuildRequest {
  /** The name or number of a stage; the last one when it is missing. */
  readonly target?: string | undefined;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** What the build runs on and makes; there is no other. */
  readonly platform: Platform;
  /** Numbers of stages that are needed besides, for triggers of a base image that copy from them. */
  readonly alsoStages?: readonly number[];
}

export interface PlannedStage {
  readonly index: number;
  readonly name: string | undefined;
  readonly base: StageBaseName;
  readonly from: FromInstruction;
  readonly steps: readonly PlannedStep[];
}

export interface BuildPlan {
  /** Those that the target needs, in an order in which each stands behind what it needs. */
  readonly stages: readonly PlannedStage[];
  /** The number of the target, which is the last of `stages` unless more were asked for. */
  readonly target: number;
  readonly scope: BuildScope;
  readonly platform: Platform;
  /** Seconds since 1970, from the build argument of this name. */
  readonly sourceDateEpoch: number | undefined;
  /** Those of the file and of the plan; `evaluateStep` gives more. */
  readonly warnings: readonly DockerfileWarning[];
  /** All stages of the file, for names in triggers. */
  readonly fileStages: readonly Stage[];
}

/**
 * Decides which stages are built, on what, in which order. Pure.
 *
 * Throws one error for all problems of the stages that are needed: `dockerfile_unsupported` for features that this
 * builder lacks, `dockerfile_parse_error` for bases without a name and for all that is wrong whatever the base
 * images hold. `invalid_request` for a target that the file does not have.
 */
export function planBuild(parsed: ParsedDockerfile, request: BuildRequest): BuildPlan {
  const { platform, alsoStages = [] } = request;
  const buildArgs = new Map(Object.entries(request.buildArgs));
  const target = findTarget(parsed, request.target);
  const globals = readGlobalArgs(parsed, { buildArgs, platform, targetStage: request.target });
  const bases = resolveBases(parsed, globals.args, platform);
  const scope: BuildScope = {
    path: parsed.path,
    escape: parsed.directives.escape,
    checks: parsed.directives.checks,
    buildArgs,
    globalArgs: globals.args,
  };
  const planned = parsed.stages.map((stage, index): PlannedStage => {
    const { name, from } = stage;
    const base = bases.names[index] ?? { kind: 'scratch' };
    return { index, name, base, from, steps: planSteps(stage, parsed.stages) };
  });
  const needed = neededStages(planned, [target, ...alsoStages]);
  const stages = planned.filter(({ index }) => needed.has(index));
  const problems = [
    ...globals.problems,
    ...bases.problems,
    ...bases.platformProblems
      .filter(({ stage }) => needed.has(stage))
      .map(({ problem }) => problem),
    ...foreseeProblems(stages, { scope, platform }),
  ];
  if (problems.length > 0) throw problemsError(parsed, problems);
  const warnings = [...bases.warnings, ...unusedArgWarnings(parsed, stages, buildArgs)];
  return {
    stages,
    target,
    scope,
    platform,
    sourceDateEpoch: sourceDateEpoch(buildArgs),
    warnings: [...parsed.warnings, ...keepWarnings(warnings, scope.checks)],
    fileStages: parsed.stages,
  };
}

function findTarget({ stages, path }: ParsedDockerfile, target: string | undefined): number {
  if (target === undefined || target === '') return stages.length - 1;
  const named = stages.find(({ name }) => name === target.toLowerCase());
  if (named !== undefined) return named.index;
  if (/^\d+$/.test(target) && Number(target) < stages.length) return Number(target);
  const names = stages.flatMap(({ name }) => name ?? []);
  const near = nearestName(target, names);
  const listed =
    names.length === 0 ? 'its stages have no names' : `its stages are ${names.join(', ')}`;
  throw new AshlarError(
    'invalid_request',
    `${path} has no stage ${JSON.stringify(target)}; ${listed}`,
    {
      data: { path, target, stages: names },
      hint: near === undefined ? 'Name one of the stages with --target.' : `Did you mean ${near}?`,
    },
  );
}

/** The stages that these are based on or copy from, directly or not. */
function neededStages(planned: readonly PlannedStage[], wanted: readonly number[]): Set<number> {
  const needed = new Set<number>();
  const pending = [...wanted];
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    const stage = planned[index];
    if (stage === undefined || needed.has(index)) continue;
    needed.add(index);
    const sources = stage.steps.flatMap(({ from }) => (from?.kind === 'stage' ? from.index : []));
    const base = stage.base.kind === 'stage' ? planned[stage.base.index] : undefined;
    if (base !== undefined) pending.push(base.index, ...triggerSources(base, stage, planned));
    pending.push(...sources);
  }
  return needed;
}

/** Stages that the triggers of a base stage copy from. */
function triggerSources(
  base: PlannedStage,
  stage: PlannedStage,
  planned: readonly PlannedStage[],
): number[] {
  const triggers = base.steps.flatMap(({ instruction }) =>
    instruction.kind === 'onbuild' ? instruction.trigger : [],
  );
  const steps = planSteps({ index: stage.index, instructions: triggers }, planned);
  return steps.flatMap(({ from }) => (from?.kind === 'stage' ? from.index : []));
}

function unusedArgWarnings(
  parsed: ParsedDockerfile,
  stages: readonly PlannedStage[],
  buildArgs: ReadonlyMap<string, string>,
): DockerfileWarning[] {
  const instructions = [
    ...parsed.globalArgs,
    ...stages.flatMap(({ steps }) => steps.map(({ instruction }) => instruction)),
  ];
  const declared = new Set(
    instructions.flatMap((instruction) =>
      instruction.kind === 'arg' ? instruction.declarations.map(({ name }) => name) : [],
    ),
  );
  return [...buildArgs.keys()]
    .filter((name) => !declared.has(name) && !isPredefinedArg(name))
    .map((name) => {
      const near = nearestName(name, declared);
      const guess = near === undefined ? '' : ` (did you mean ${near}?)`;
      const message = `the build argument ${name} is not declared by an ARG of the stages that are built${guess}`;
      return { rule: 'UnusedBuildArg', message, line: 1 };
    });
}
