import { AshlarError } from '../../src/index.ts';

export type ProblemCode =
  | 'dockerfile_parse_error'
  | 'dockerfile_unsupported'
  | 'copy_source_missing'
  | 'copy_destination_invalid';

/** Something in a Dockerfile that has to be mended before anything of it can run. */
export interface Problem {
  readonly code: ProblemCode;
  readonly message: string;
  /** Counted from 1. */
  readonly line: number;
  /** The text of that line. */
  readonly text: string;
  readonly hint: string | undefined;
}

/** Something that Docker would warn of. The build goes on. */
export interface DockerfileWarning {
  /** The name of the check, as Docker has it where Docker has one. */
  readonly rule: string;
  readonly message: string;
  /** Counted from 1. */
  readonly line: number;
}

/** What is wrong with one instruction, thrown by its parser and caught where the instruction's lines are known. */
export class InstructionFault extends Error {
  readonly code: ProblemCode;
  readonly hint: string | undefined;
  /** Finds the line of the fault within the instruction. */
  readonly place: FaultPlace | undefined;

  constructor(message: string, details: FaultDetails = {}) {
    super(message);
    this.name = 'InstructionFault';
    this.code = details.code ?? 'dockerfile_parse_error';
    this.hint = details.hint;
    this.place = details.place;
  }
}

export interface FaultDetails {
  readonly code?: ProblemCode;
  readonly hint?: string | undefined;
  readonly place?: FaultPlace;
}

/** A flag by its name, or the nth word behind the keyword and the flags, counted from 0. */
export type FaultPlace = { readonly flag: string } | { readonly word: number };

const maxReported = 20;
const maxShownText = 200;

export interface ProblemSource {
  /** As the user named the file. */
  readonly path: string;
}

/**
 * One error for all problems, in the order of their lines: the first 20 with path, line and text; the hint of a single
 * problem is the error's, those of several stand behind their lines. Its code is `dockerfile_parse_error` when one of
 * them is, else that of the first.
 *
 * Data: `path`, `line` and `text` of the first, `problems` (one line each), `lines`, `problemCount`.
 */
export function problemsError(source: ProblemSource, problems: readonly Problem[]): AshlarError {
  const sorted = [...problems].sort((left, right) => left.line - right.line);
  const shown = sorted.slice(0, maxReported);
  const first = shown[0];
  if (first === undefined) throw new AshlarError('internal', 'an error without problems');
  const parseError = sorted.some(({ code }) => code === 'dockerfile_parse_error');
  const more = sorted.length - shown.length;
  const rest = more > 0 ? `\nand ${more} more` : '';
  const described = shown.map((problem) => describe(source, problem) + hintBehind(problem));
  const message =
    sorted.length === 1
      ? describe(source, first)
      : `${sorted.length} problems in ${source.path}:\n${described.join('\n')}${rest}`;
  return new AshlarError(parseError ? 'dockerfile_parse_error' : first.code, message, {
    data: {
      path: source.path,
      line: first.line,
      text: showText(first.text),
      lines: shown.map(({ line }) => String(line)),
      problems: shown.map(({ line, message }) => `${line}: ${message}`),
      problemCount: sorted.length,
    },
    ...hintOf(sorted),
  });
}

function hintOf([first, ...others]: readonly Problem[]): { hint?: string } {
  if (others.length > 0) return { hint: 'Mend the lines shown, and build again.' };
  return first?.hint === undefined ? {} : { hint: first.hint };
}

function describe(source: ProblemSource, problem: Problem): string {
  const place = `${source.path}:${problem.line}: ${problem.message}`;
  const text = problem.text.trim() === '' ? '' : `\n    ${showText(problem.text)}`;
  return place + text;
}

function hintBehind({ hint }: Problem): string {
  return hint === undefined ? '' : `\n    (${hint})`;
}

/** A line of the file, cut where it is long, and without what URLs have in front of their host. */
function showText(text: string): string {
  return text
    .slice(0, maxShownText)
    .replace(/:\/\/[^/@\s]+@/g, '://...@')
    .trimEnd();
}
