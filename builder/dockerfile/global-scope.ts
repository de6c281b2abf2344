import { platformArgs } from './build-args.ts';
import { expandWord, WordFault } from './expand-words.ts';
import { problemOf } from './fault-error.ts';
import type { ArgInstruction, FromInstruction } from './instruction.ts';
import { nearestName } from './nearest-name.ts';
import type { ParsedDockerfile, Stage } from './parsed-dockerfile.ts';
import { formatPlatform, parsePlatform, type Platform, samePlatform } from './platform.ts';
import { type DockerfileWarning, InstructionFault, type Problem } from './problems.ts';
import { resolveFrom } from './stage-reference.ts';

/** What a stage is based on. */
export type StageBaseName =
  | { readonly kind: 'scratch' }
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'image'; readonly reference: string };

export interface GlobalRequest {
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly platform: Platform;
  readonly targetStage: string | undefined;
}

/**
 * The values of the ARGs before the first FROM, which only FROM lines see, and of the platform arguments. A default
 * sees the arguments before it.
 */
export function readGlobalArgs(
  parsed: ParsedDockerfile,
  { buildArgs, platform, targetStage }: GlobalRequest,
): { args: ReadonlyMap<string, string>; problems: Problem[] } {
  const args = platformArgs({ target: platform, build: platform, targetStage });
  for (const [name, value] of buildArgs) if (args.has(name)) args.set(name, value);
  const problems: Problem[] = [];
  for (const instruction of parsed.globalArgs) {
    for (const { name, defaultValue } of instruction.declarations) {
      const given = buildArgs.get(name);
      if (given !== undefined) args.set(name, given);
      else if (defaultValue !== undefined) {
        const value = expandOrCollect(defaultValue, { parsed, args, instruction, problems });
        if (value !== undefined) args.set(name, value.text);
      }
    }
  }
  return { args, problems };
}

export interface ResolvedBases {
  readonly names: readonly StageBaseName[];
  readonly problems: readonly Problem[];
  /** Of stages that want another platform; they matter only where the stage is needed. */
  readonly platformProblems: readonly { readonly stage: number; readonly problem: Problem }[];
  readonly warnings: readonly DockerfileWarning[];
}

/** Expands the FROM lines of all stages with the global arguments and finds out what they name. */
export function resolveBases(
  parsed: ParsedDockerfile,
  args: ReadonlyMap<string, string>,
  platform: Platform,
): ResolvedBases {
  const problems: Problem[] = [];
  const platformProblems: { stage: number; problem: Problem }[] = [];
  const warnings: DockerfileWarning[] = [];
  const names = parsed.stages.map((stage): StageBaseName => {
    const { from } = stage;
    const base = expandOrCollect(from.base, { parsed, args, instruction: from, problems });
    warnings.push(...undeclaredWarnings(parsed, base?.unmatched, from));
    if (base !== undefined && base.text === '') {
      problems.push(problemOf(emptyBase(from), from, faultSource(parsed)));
    }
    const fault = platformFault(from, { parsed, args, platform });
    if (fault !== undefined) {
      const problem = problemOf(fault, from, faultSource(parsed));
      platformProblems.push({ stage: stage.index, problem });
    }
    return baseOf(base?.text ?? '', stage, parsed.stages);
  });
  return { names, problems, platformProblems, warnings };
}

function baseOf(text: string, stage: Stage, stages: readonly Stage[]): StageBaseName {
  const found = resolveFrom(text, stages, stage.index);
  if (found.kind === 'stage') return found;
  return text === 'scratch' ? { kind: 'scratch' } : { kind: 'image', reference: text };
}

interface Expanding {
  readonly parsed: ParsedDockerfile;
  readonly args: ReadonlyMap<string, string>;
  readonly instruction: ArgInstruction | FromInstruction;
  readonly problems: Problem[];
}

function expandOrCollect(
  text: string,
  { parsed, args, instruction, problems }: Expanding,
): { text: string; unmatched: ReadonlySet<string> } | undefined {
  const { escape } = parsed.directives;
  try {
    return expandWord(text, { escape, lookup: (name) => args.get(name) });
  } catch (error) {
    if (!(error instanceof WordFault)) throw error;
    const fault = new InstructionFault(`${JSON.stringify(text)}: ${error.message}`);
    problems.push(problemOf(fault, instruction, faultSource(parsed)));
    return undefined;
  }
}

function emptyBase(from: FromInstruction): InstructionFault {
  return new InstructionFault(`FROM ${from.base} names nothing: the variables in it are empty`, {
    hint: 'Declare them with ARG and a default before the first FROM, or pass --build-arg.',
  });
}

function undeclaredWarnings(
  parsed: ParsedDockerfile,
  unmatched: ReadonlySet<string> | undefined,
  from: FromInstruction,
): DockerfileWarning[] {
  const declared = parsed.globalArgs.flatMap(({ declarations }) =>
    declarations.map(({ name }) => name),
  );
  return [...(unmatched ?? [])]
    .filter((name) => !declared.includes(name))
    .map((name) => {
      const near = nearestName(name, declared);
      const guess = near === undefined ? '' : ` (did you mean $${near}?)`;
      const message = `no ARG before the first FROM declares $${name}${guess}`;
      return { rule: 'UndefinedArgInFrom', message, line: from.range.firstLine };
    });
}

function platformFault(
  from: FromInstruction,
  options: {
    readonly parsed: ParsedDockerfile;
    readonly args: ReadonlyMap<string, string>;
    readonly platform: Platform;
  },
): InstructionFault | undefined {
  if (from.platform === undefined) return undefined;
  const { parsed, args, platform } = options;
  const place = { flag: 'platform' } as const;
  let text: string;
  try {
    const { escape } = parsed.directives;
    text = expandWord(from.platform, { escape, lookup: (name) => args.get(name) }).text;
  } catch (error) {
    if (!(error instanceof WordFault)) throw error;
    return new InstructionFault(`--platform=${from.platform}: ${error.message}`, { place });
  }
  const wanted = parsePlatform(text, platform);
  if (wanted === undefined) {
    const message = `--platform is no platform: ${JSON.stringify(text)}`;
    return new InstructionFault(message, { hint: 'Write it as linux/amd64.', place });
  }
  if (samePlatform(wanted, platform)) return undefined;
  const message = `FROM --platform=${formatPlatform(wanted)} is not supported: this machine builds ${formatPlatform(platform)}`;
  return new InstructionFault(message, {
    code: 'dockerfile_unsupported',
    hint: 'Leave the flag out, or build on a machine of that platform.',
    place,
  });
}

function faultSource(parsed: ParsedDockerfile): { path: string; escape: '\\' | '`' } {
  return { path: parsed.path, escape: parsed.directives.escape };
}
