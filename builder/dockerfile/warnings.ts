import { instructionNames } from './instruction.ts';
import type { WarningChecks } from './parser-directives.ts';
import type { Stage } from './parsed-dockerfile.ts';
import type { DockerfileWarning, Problem } from './problems.ts';

/** The warnings that the file has not switched off. */
export function keepWarnings(
  warnings: readonly DockerfileWarning[],
  checks: WarningChecks,
): DockerfileWarning[] {
  const { skip } = checks;
  return skip === 'all' ? [] : warnings.filter(({ rule }) => !skip.has(rule));
}

/** Warnings as problems, for files that ask for it with `# check=error=true`. */
export function warningsAsProblems(
  warnings: readonly DockerfileWarning[],
  textOf: (line: number) => string,
): Problem[] {
  return warnings.map(({ rule, message, line }) => ({
    code: 'dockerfile_parse_error',
    message: `${rule}: ${message}`,
    line,
    text: textOf(line),
    hint: '# check=error=true at the top of the file makes warnings errors.',
  }));
}

/** Of CMD, ENTRYPOINT and HEALTHCHECK only the last of a stage counts. */
export function repeatedInstructionWarnings(stage: Stage): DockerfileWarning[] {
  const last = new Map<string, number>();
  const warnings: DockerfileWarning[] = [];
  for (const { kind, range } of stage.instructions) {
    if (kind !== 'cmd' && kind !== 'entrypoint' && kind !== 'healthcheck') continue;
    const earlier = last.get(kind);
    if (earlier !== undefined) {
      const message = `this ${kind.toUpperCase()} has no effect: a later one of the stage, on line ${range.firstLine}, replaces it`;
      warnings.push({ rule: 'MultipleInstructionsDisallowed', message, line: earlier });
    }
    last.set(kind, range.firstLine);
  }
  return warnings;
}

export interface WrittenKeyword {
  readonly text: string;
  readonly line: number;
}

/** Instructions that are not in the letter case of most. */
export function casingWarnings(keywords: readonly WrittenKeyword[]): DockerfileWarning[] {
  const known = keywords.filter(({ text }) => instructionNames.includes(text.toUpperCase()));
  const lower = known.filter(({ text }) => text === text.toLowerCase()).length;
  const upper = known.filter(({ text }) => text === text.toUpperCase()).length;
  const mostlyLower = lower > upper;
  return known
    .filter(({ text }) => text !== (mostlyLower ? text.toLowerCase() : text.toUpperCase()))
    .map(({ text, line }) => ({
      rule: 'ConsistentInstructionCasing',
      message: `${text} is not in ${mostlyLower ? 'lower' : 'upper'} case like most instructions of the file`,
      line,
    }));
}
