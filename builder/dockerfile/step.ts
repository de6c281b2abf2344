import type { SourceRange } from './instruction.ts';
import type { ModeChange } from './mode-change.ts';

/** Where COPY --from takes its files from. */
export type CopyFrom =
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'image'; readonly reference: string };

interface StepCommon {
  readonly range: SourceRange;
  readonly original: string;
  /**
   * Everything in the instruction that the result depends on, besides the parent image (with its config) and the
   * bytes of the files that are copied. The same text on the same parent with the same files gives the same image.
   */
  readonly cacheText: string;
}

export interface RunStep extends StepCommon {
  readonly kind: 'run';
  readonly argv: readonly string[];
  /** The whole environment but HOME, which follows from the user. */
  readonly env: Readonly<Record<string, string>>;
  /** As in the image config; empty for root. */
  readonly user: string;
  /** Absolute. */
  readonly workdir: string;
  /** Files that are there while the command runs and that leave no trace in the image. */
  readonly inlineFiles: readonly InlineFile[];
}

export interface InlineFile {
  /** Absolute. */
  readonly path: string;
  readonly mode: number;
  readonly content: string;
}

export interface CopyStep extends StepCommon {
  readonly kind: 'copy';
  readonly keyword: 'COPY' | 'ADD';
  /** Patterns, expanded; relative to the root of the context, the stage or the image. */
  readonly sources: readonly string[];
  /** Files whose content stands in the Dockerfile, expanded. They come after the sources. */
  readonly heredocs: readonly { readonly name: string; readonly content: string }[];
  /** Absolute; with a slash at the end where it has to be a directory. */
  readonly destination: string;
  /** The context when it is missing. */
  readonly from: CopyFrom | undefined;
  /** `user[:group]`, names or numbers of the image that is written to. */
  readonly chown: string | undefined;
  readonly chmod: ModeChange | undefined;
  /** `archives`: a source that is a tar archive, compressed or not, is unpacked into the destination. */
  readonly extractTar: 'no' | 'archives';
}

/** Changes the config alone. `changesConfig` is false for ARG, which leaves no trace: the parent image is the result. */
export interface ConfigStep extends StepCommon {
  readonly kind: 'config';
  readonly changesConfig: boolean;
}

export interface WorkdirStep extends StepCommon {
  readonly kind: 'workdir';
  /** Absolute. It is made with its parents where it is missing, with mode 0755. */
  readonly path: string;
  /** The user that a new directory belongs to; empty for root. */
  readonly owner: string;
}

export type Step = RunStep | CopyStep | ConfigStep | WorkdirStep;
