import type { StageInstruction } from './instruction.ts';
import { defaultPath, envMap, type ImageConfig, type RunConfig } from './image-config.ts';
import type { EscapeCharacter, WarningChecks } from './parser-directives.ts';
import type { CopyFrom } from './step.ts';

/** What is the same for all stages of a build. */
export interface BuildScope {
  /** The Dockerfile as the user named it. */
  readonly path: string;
  readonly escape: EscapeCharacter;
  readonly checks: WarningChecks;
  readonly buildArgs: ReadonlyMap<string, string>;
  /** Values of the ARGs before the first FROM and of the platform arguments. */
  readonly globalArgs: ReadonlyMap<string, string>;
}

/** An instruction with what the plan knows of it. */
export interface PlannedStep {
  readonly instruction: StageInstruction;
  /** The meaning of COPY --from. */
  readonly from: CopyFrom | undefined;
}

/** A stage between two instructions. It is never changed; each instruction gives the next one. */
export interface StageState {
  readonly scope: BuildScope;
  readonly config: ImageConfig;
  /** ARGs with a value that no ENV behind them has replaced. They win over variables of the config. */
  readonly args: ReadonlyMap<string, string>;
  /** All names that an ARG has declared. */
  readonly declaredArgs: ReadonlySet<string>;
  /** This stage has had a CMD, so ENTRYPOINT leaves it alone. */
  readonly cmdSet: boolean;
  /** This stage, or the one it is based on, has had a WORKDIR. */
  readonly workdirSet: boolean;
  /** Characters that expansions have made so far. */
  readonly expandedCharacters: number;
}

/** What an instruction that touches no files makes of the state, and the canonical form of what it says. */
export interface ConfigChange {
  readonly state: StageState;
  readonly canonical: unknown;
}

/** What a stage begins on. */
export type StageBase =
  | { readonly kind: 'scratch'; readonly architecture: string; readonly os: string }
  | { readonly kind: 'image'; readonly config: ImageConfig }
  | { readonly kind: 'stage'; readonly state: StageState };

/**
 * The state before the first instruction of a stage. An image without PATH gets Docker's; the triggers of the base
 * are taken out of the config, they run in this stage only. A stage based on another inherits its ARGs, as Docker
 * has it (Dockerfile reference, "Scope" of ARG).
 */
export function initialState(scope: BuildScope, base: StageBase): StageState {
  const inherited = base.kind === 'stage' ? base.state : undefined;
  const { OnBuild: _triggers, ...config } = configOf(base).config;
  return {
    scope,
    config: { ...configOf(base), config: withPath(config) },
    args: inherited?.args ?? new Map(),
    declaredArgs: inherited?.declaredArgs ?? new Set(),
    cmdSet: false,
    workdirSet: inherited?.workdirSet ?? false,
    expandedCharacters: inherited?.expandedCharacters ?? 0,
  };
}

/** The triggers that the base's ONBUILDs left. */
export function triggersOf(base: StageBase): readonly string[] {
  return configOf(base).config.OnBuild ?? [];
}

/** The value of a variable for expansion. */
export function variableOf(state: StageState): (name: string) => string | undefined {
  const env = envMap(state.config.config.Env);
  return (name) => state.args.get(name) ?? env.get(name);
}

/** The state with fields of the run config changed; undefined removes a field. */
export function withConfig(
  state: StageState,
  changes: { readonly [Field in keyof RunConfig]: RunConfig[Field] | undefined },
): StageState {
  const entries = Object.entries({ ...state.config.config, ...changes });
  const config: RunConfig = Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  return { ...state, config: { ...state.config, config } };
}

function configOf(base: StageBase): ImageConfig {
  if (base.kind === 'stage') return base.state.config;
  if (base.kind === 'image') return base.config;
  const { architecture, os } = base;
  return { architecture, os, config: { WorkingDir: '/' } };
}

function withPath(config: RunConfig): RunConfig {
  if (envMap(config.Env).has('PATH')) return config;
  return { ...config, Env: [...(config.Env ?? []), `PATH=${defaultPath}`] };
}
