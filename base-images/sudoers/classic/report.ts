import type { SudoersProblem } from '../verdict.ts';
import type { ClassicFeatures } from './classic-features.ts';
import type { Frame } from './frames.ts';

/** What an engine printed, and what it means. */
export interface Said {
  readonly problem: SudoersProblem | null;
  readonly lines: readonly string[];
}

/** A syntax error, with the line and the place in it. */
export function syntaxProblem(
  features: ClassicFeatures,
  frame: Frame,
  at: { line: number; what: string },
): Said {
  const { line, what } = at;
  const { path } = frame;
  if (!features.recovers) {
    return {
      problem: { path, line, column: null, what, severity: 'fatal' },
      lines: [`>>> ${path}: ${what} near line ${line} <<<`],
    };
  }
  const column = frame.tokenStart + 1;
  const lines = [`${path}:${line}:${column}: ${what}`];
  if (frame.line !== '') {
    const tildes = Math.max(0, Math.min(127, frame.tokenEnd - frame.tokenStart - 1));
    lines.push(
      upToNul(frame.line).replace(/\n$/, ''),
      `${' '.repeat(frame.tokenStart)}^${'~'.repeat(tildes)}`,
    );
  }
  return { problem: { path, line, column, what, severity: 'recovered' }, lines };
}

function upToNul(text: string): string {
  const nul = text.indexOf('\0');
  return nul === -1 ? text : text.slice(0, nul);
}
