import { posix } from 'node:path';
import { setCommand } from './evaluate-command.ts';
import { createExpander, type Expander } from './expander.ts';
import { readExposedPorts } from './exposed-ports.ts';
import { type EmptyObject, withEnv } from './image-config.ts';
import type {
  AddInstruction,
  ArgInstruction,
  CopyInstruction,
  EnvInstruction,
  ExposeInstruction,
  LabelInstruction,
  Pair,
  RunInstruction,
  StageInstruction,
  StopSignalInstruction,
  VolumeInstruction,
  WorkdirInstruction,
} from './instruction.ts';
import { checkPathLimits } from './path-limits.ts';
import { InstructionFault } from './problems.ts';
import { type ConfigChange, type StageState, variableOf, withConfig } from './stage-state.ts';
import { isSignal } from './stop-signal.ts';

/** One string of an environment can have this many bytes on Linux (MAX_ARG_STRLEN). */
const maxVariableBytes = 131_071;
/** As much as a process can be given, with its arguments (ARG_MAX at the default stack limit). */
const maxEnvironmentBytes = 2 * 1024 * 1024;

/** What a port counts among the characters that a stage may make. */
const portCharacters = 16;

/** Of a path in a message. */
const shownCharacters = 200;

const emptyObject: EmptyObject = {};

type ConfigInstruction = Exclude<
  StageInstruction,
  RunInstruction | CopyInstruction | AddInstruction
>;

/** Carries out an instruction that touches no files. */
export function evaluateConfig(
  state: StageState,
  instruction: ConfigInstruction,
  expander: Expander,
): ConfigChange {
  let change: ConfigChange;
  switch (instruction.kind) {
    case 'arg':
      change = { state: declareArgs(state, instruction, expander), canonical: [] };
      break;
    case 'env':
      change = setEnv(state, instruction, expander);
      break;
    case 'label':
      change = setLabels(state, instruction, expander);
      break;
    case 'workdir':
      change = setWorkdir(state, instruction, expander);
      break;
    case 'expose':
      change = exposePorts(state, instruction, expander);
      break;
    case 'cmd':
    case 'entrypoint':
      change = setCommand(state, instruction, expander);
      break;
    case 'volume':
      change = addVolumes(state, instruction, expander);
      break;
    case 'stopsignal':
      change = setStopSignal(state, instruction, expander);
      break;
    case 'user':
    case 'shell':
    case 'healthcheck':
    case 'onbuild':
    case 'maintainer':
      change = setPlainField(state, instruction, expander);
      break;
  }
  return change;
}

function setPlainField(
  state: StageState,
  instruction: Extract<
    ConfigInstruction,
    { kind: 'user' | 'shell' | 'healthcheck' | 'onbuild' | 'maintainer' }
  >,
  expander: Expander,
): ConfigChange {
  if (instruction.kind === 'maintainer') {
    const { name } = instruction;
    return { state: { ...state, config: { ...state.config, author: name } }, canonical: name };
  }
  if (instruction.kind === 'user') {
    const User = expander.word(instruction.user);
    return { state: withConfig(state, { User }), canonical: User };
  }
  if (instruction.kind === 'shell') {
    return { state: withConfig(state, { Shell: instruction.argv }), canonical: instruction.argv };
  }
  if (instruction.kind === 'healthcheck') {
    const { healthcheck } = instruction;
    return { state: withConfig(state, { Healthcheck: healthcheck }), canonical: healthcheck };
  }
  const OnBuild = [...(state.config.config.OnBuild ?? []), instruction.expression];
  return { state: withConfig(state, { OnBuild }), canonical: instruction.expression };
}

function addVolumes(
  state: StageState,
  instruction: VolumeInstruction,
  expander: Expander,
): ConfigChange {
  const paths = instruction.paths.map((path) => nonEmpty('VOLUME', expander.word(path)));
  const Volumes = { ...state.config.config.Volumes, ...keysOf(paths) };
  return { state: withConfig(state, { Volumes }), canonical: paths };
}

function setStopSignal(
  state: StageState,
  instruction: StopSignalInstruction,
  expander: Expander,
): ConfigChange {
  const StopSignal = expander.word(instruction.signal);
  if (isSignal(StopSignal))
    return { state: withConfig(state, { StopSignal }), canonical: StopSignal };
  throw new InstructionFault(`STOPSIGNAL ${StopSignal} is no signal`, {
    hint: 'Write a name like SIGTERM or a number.',
  });
}

/**
 * A build argument beats the default; without both, a name of the global scope has its value there. A default sees
 * the arguments before it on the same line.
 */
function declareArgs(
  state: StageState,
  instruction: ArgInstruction,
  expander: Expander,
): StageState {
  const args = new Map(state.args);
  const outer = variableOf(state);
  const inner = createExpander(state, (name) => args.get(name) ?? outer(name));
  for (const { name, defaultValue } of instruction.declarations) {
    const given = state.scope.buildArgs.get(name);
    const value =
      given ??
      (defaultValue === undefined ? state.scope.globalArgs.get(name) : inner.word(defaultValue));
    if (value === undefined) continue;
    checkVariable('ARG', name, value);
    args.set(name, value);
  }
  expander.absorb(inner);
  const names = instruction.declarations.map(({ name }) => name);
  return { ...state, args, declaredArgs: new Set([...state.declaredArgs, ...names]) };
}

/** All pairs are expanded with the variables from before the instruction. */
function setEnv(state: StageState, instruction: EnvInstruction, expander: Expander): ConfigChange {
  const pairs = expandPairs('ENV', instruction.pairs, expander);
  const args = new Map(state.args);
  let env = state.config.config.Env ?? [];
  for (const { name, value } of pairs) {
    checkVariable('ENV', name, value);
    args.delete(name);
    env = withEnv(env, name, value);
  }
  const bytes = env.reduce((sum, entry) => sum + Buffer.byteLength(entry) + 1, 0);
  if (bytes > maxEnvironmentBytes) {
    throw new InstructionFault(
      `the environment has become ${bytes} bytes, more than ${maxEnvironmentBytes}`,
    );
  }
  return { state: { ...withConfig(state, { Env: env }), args }, canonical: pairs };
}

function setLabels(
  state: StageState,
  instruction: LabelInstruction,
  expander: Expander,
): ConfigChange {
  const pairs = expandPairs('LABEL', instruction.pairs, expander);
  const labels = new Map(Object.entries(state.config.config.Labels ?? {}));
  for (const { name, value } of pairs) labels.set(name, value);
  return {
    state: withConfig(state, { Labels: Object.fromEntries(labels) }),
    canonical: pairs,
  };
}

function setWorkdir(
  state: StageState,
  instruction: WorkdirInstruction,
  expander: Expander,
): ConfigChange {
  const path = expander.word(instruction.path);
  if (!state.workdirSet && !path.startsWith('/')) {
    const shown = path.length > shownCharacters ? `${path.slice(0, shownCharacters)}...` : path;
    const message = `the relative WORKDIR ${shown} depends on what the base image has as its own`;
    expander.warnings.push({ rule: 'WorkdirRelativePath', message });
  }
  const WorkingDir = posix.resolve('/', state.config.config.WorkingDir ?? '/', path);
  checkPathLimits('WORKDIR', WorkingDir);
  return {
    state: { ...withConfig(state, { WorkingDir }), workdirSet: true },
    canonical: WorkingDir,
  };
}

function exposePorts(
  state: StageState,
  instruction: ExposeInstruction,
  expander: Expander,
): ConfigChange {
  const words = instruction.ports.flatMap((port) => expander.words(port));
  const { ports, warnings } = readExposedPorts(words);
  expander.account(ports.length * portCharacters);
  expander.warnings.push(...warnings);
  const ExposedPorts = { ...state.config.config.ExposedPorts, ...keysOf(ports) };
  return { state: withConfig(state, { ExposedPorts }), canonical: words };
}

function expandPairs(keyword: string, pairs: readonly Pair[], expander: Expander): Pair[] {
  return pairs.map(({ name, value }) => ({
    name: nonEmpty(keyword, expander.word(name)),
    value: expander.word(value),
  }));
}

function nonEmpty(keyword: string, text: string): string {
  if (text !== '') return text;
  const what = keyword === 'VOLUME' ? 'path' : 'name';
  throw new InstructionFault(`${keyword} has an empty ${what}`);
}

function checkVariable(keyword: string, name: string, value: string): void {
  const bytes = Buffer.byteLength(name) + Buffer.byteLength(value) + 2;
  if (bytes <= maxVariableBytes) return;
  throw new InstructionFault(
    `${keyword} ${name} has ${bytes} bytes; a variable can have ${maxVariableBytes}`,
    { hint: 'Put large values into a file.' },
  );
}

function keysOf(keys: readonly string[]): Record<string, EmptyObject> {
  return Object.fromEntries(keys.map((key) => [key, emptyObject]));
}
