/** Lines of a Dockerfile, counted from 1, both ends included; with the bodies of here-documents. */
export interface SourceRange {
  readonly firstLine: number;
  readonly lastLine: number;
}

interface Common {
  readonly range: SourceRange;
  /** The lines of the range as they stand in the file, joined by line feeds. */
  readonly original: string;
}

/** A here-document behind an instruction. */
export interface Heredoc {
  readonly name: string;
  /** The lines before the terminator, each with its line end. Leading tabs are still there. */
  readonly content: string;
  /** Variables are replaced in it: the name was written without quotes. */
  readonly expand: boolean;
  /** `<<-`: leading tabs are taken off each line. */
  readonly chomp: boolean;
}

/** Exec form is a JSON list; everything else is shell form, as one text. */
export type CommandForm =
  | { readonly form: 'exec'; readonly argv: readonly string[] }
  | { readonly form: 'shell'; readonly command: string };

export interface FromInstruction extends Common {
  readonly kind: 'from';
  /** Not expanded. */
  readonly base: string;
  /** Not expanded. */
  readonly platform: string | undefined;
  /** In lower case. */
  readonly stageName: string | undefined;
}

export interface ArgDeclaration {
  readonly name: string;
  /** Not expanded; undefined where there is no `=`. */
  readonly defaultValue: string | undefined;
}

export interface ArgInstruction extends Common {
  readonly kind: 'arg';
  readonly declarations: readonly ArgDeclaration[];
}

export interface RunInstruction extends Common {
  readonly kind: 'run';
  readonly command: CommandForm;
  readonly heredocs: readonly Heredoc[];
  /** Flags that change how the command is run, as written, such as `--mount=type=cache,target=/c`. */
  readonly flags: readonly string[];
}

/** Names and values as written: quotes, escapes and variables are still in them. */
export interface Pair {
  readonly name: string;
  readonly value: string;
}

export interface EnvInstruction extends Common {
  readonly kind: 'env';
  readonly pairs: readonly Pair[];
}

export interface LabelInstruction extends Common {
  readonly kind: 'label';
  readonly pairs: readonly Pair[];
}

interface CopyFields extends Common {
  /** As written, without here-documents. */
  readonly sources: readonly string[];
  readonly heredocs: readonly Heredoc[];
  readonly destination: string;
  readonly chown: string | undefined;
  readonly chmod: string | undefined;
  readonly link: boolean;
  readonly excludes: readonly string[];
}

export interface CopyInstruction extends CopyFields {
  readonly kind: 'copy';
  readonly from: string | undefined;
  readonly parents: boolean;
}

export interface AddInstruction extends CopyFields {
  readonly kind: 'add';
  readonly keepGitDir: boolean | undefined;
  readonly checksum: string | undefined;
  readonly unpack: boolean | undefined;
}

export interface CmdInstruction extends Common {
  readonly kind: 'cmd';
  readonly command: CommandForm;
}

export interface EntrypointInstruction extends Common {
  readonly kind: 'entrypoint';
  readonly command: CommandForm;
}

export interface WorkdirInstruction extends Common {
  readonly kind: 'workdir';
  readonly path: string;
}

export interface UserInstruction extends Common {
  readonly kind: 'user';
  readonly user: string;
}

export interface ShellInstruction extends Common {
  readonly kind: 'shell';
  readonly argv: readonly string[];
}

export interface ExposeInstruction extends Common {
  readonly kind: 'expose';
  readonly ports: readonly string[];
}

export interface VolumeInstruction extends Common {
  readonly kind: 'volume';
  readonly paths: readonly string[];
}

export interface StopSignalInstruction extends Common {
  readonly kind: 'stopsignal';
  readonly signal: string;
}

/** As in the image config; durations in nanoseconds. `['NONE']` switches the base's check off. */
export interface Healthcheck {
  readonly Test: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

export interface HealthcheckInstruction extends Common {
  readonly kind: 'healthcheck';
  readonly healthcheck: Healthcheck;
}

export interface OnbuildInstruction extends Common {
  readonly kind: 'onbuild';
  /** The trigger as the image config holds it. */
  readonly expression: string;
  readonly trigger: StageInstruction;
}

export interface MaintainerInstruction extends Common {
  readonly kind: 'maintainer';
  readonly name: string;
}

/** What may stand in a stage after its FROM. */
export type StageInstruction =
  | ArgInstruction
  | RunInstruction
  | EnvInstruction
  | LabelInstruction
  | CopyInstruction
  | AddInstruction
  | CmdInstruction
  | EntrypointInstruction
  | WorkdirInstruction
  | UserInstruction
  | ShellInstruction
  | ExposeInstruction
  | VolumeInstruction
  | StopSignalInstruction
  | HealthcheckInstruction
  | OnbuildInstruction
  | MaintainerInstruction;

export type Instruction = FromInstruction | StageInstruction;

export const instructionNames: readonly string[] = [
  'ADD',
  'ARG',
  'CMD',
  'COPY',
  'ENTRYPOINT',
  'ENV',
  'EXPOSE',
  'FROM',
  'HEALTHCHECK',
  'LABEL',
  'MAINTAINER',
  'ONBUILD',
  'RUN',
  'SHELL',
  'STOPSIGNAL',
  'USER',
  'VOLUME',
  'WORKDIR',
];
