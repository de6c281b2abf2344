import { posix } from 'node:path';
import { AshlarError, type BytePath, fromBytes, toDisplay } from '../../src/index.ts';
import { type GlobToken, matchGlob, parseGlob } from './glob.ts';
import { unitsOf } from './path-units.ts';

export interface IgnoreRule {
  /** As it counts: cleaned, without `!`. */
  readonly pattern: BytePath;
  /** `!pattern` */
  readonly exception: boolean;
  /** Counted from 1. */
  readonly line: number;
  matches(path: BytePath, units: () => readonly number[]): boolean;
}

export interface IgnoreRules {
  /** The file as it is called in messages. */
  readonly path: string;
  readonly rules: readonly IgnoreRule[];
}

/** What the rules say of a path, for it and for those below it. */
export interface IgnoreVerdict {
  readonly ignored: boolean;
  /** For each rule: it matches the path or one above it. */
  readonly matched: readonly boolean[];
  /** The rule that decided; undefined when none matched. */
  readonly decidedBy: IgnoreRule | undefined;
}

const maxFileBytes = 1024 * 1024;
const maxRules = 10_000;

/**
 * Reads a .dockerignore file. Lines that begin with `#` are comments; white space at the ends, a leading slash and
 * what filepath.Clean would take out go. Source: Docker documentation, ".dockerignore files"; moby/patternmatcher.
 * Throws `dockerfile_parse_error` with the line of a pattern that is none.
 */
export function parseIgnoreRules(bytes: Uint8Array, { path }: { path: string }): IgnoreRules {
  checkIgnoreFileSize(bytes.length, { path });
  const text = fromBytes(Buffer.from(bytes)).replace(/^\xef\xbb\xbf/, '');
  const rules: IgnoreRule[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.startsWith('#')) continue;
    const trimmed = trimAscii(line);
    if (trimmed === '') continue;
    rules.push(readRule(trimmed, { path, line: index + 1 }));
  }
  if (rules.length > maxRules) throw invalid(path, 1, `has more than ${maxRules} patterns`);
  return { path, rules };
}

/** Throws `dockerfile_parse_error` for a file of more bytes than rules may have. */
export function checkIgnoreFileSize(sizeBytes: number, { path }: { path: string }): void {
  if (sizeBytes > maxFileBytes) throw invalid(path, 1, `has more than ${maxFileBytes} bytes`);
}

/** The last rule that matches decides; a rule that matches a directory matches all below it. */
export function judgePath(
  { rules }: IgnoreRules,
  path: BytePath,
  above: IgnoreVerdict | undefined,
): IgnoreVerdict {
  let units: readonly number[] | undefined;
  const lazyUnits = (): readonly number[] => (units ??= unitsOf(path));
  let decidedBy: IgnoreRule | undefined;
  let ignored = false;
  const matched = rules.map((rule, index) => {
    let match = above?.matched[index] ?? false;
    // A rule that could not change the outcome is not looked at, and then does not count below either.
    if (!match && rule.exception === ignored) match = rule.matches(path, lazyUnits);
    if (match) {
      ignored = !rule.exception;
      decidedBy = rule;
    }
    return match;
  });
  return { ignored, matched, decidedBy };
}

/** False when no exception can bring back anything below an ignored directory. */
export function mayHoldExceptions({ rules }: IgnoreRules, directory: BytePath): boolean {
  return rules.some(({ exception, pattern }) => {
    if (!exception) return false;
    const fixed = pattern.replace(/\/\*\*$/, '').replace(/\/\*$/, '');
    return /[*[\]?^\\]/.test(fixed) || `${fixed}/`.startsWith(`${directory}/`);
  });
}

function readRule(text: string, place: { path: string; line: number }): IgnoreRule {
  const exception = text.startsWith('!');
  const cleaned = cleanPattern(exception ? trimAscii(text.slice(1)) : text);
  if (exception && (cleaned === '' || cleaned === '/')) {
    throw invalid(place.path, place.line, 'has a ! without a pattern');
  }
  const matches = compilePattern(cleaned);
  if (matches === undefined) {
    const problem = `${toDisplay(cleaned)} is no pattern`;
    throw invalid(place.path, place.line, problem);
  }
  return { pattern: cleaned, exception, line: place.line, matches };
}

function cleanPattern(text: string): BytePath {
  if (text === '') return '';
  const normal = posix.normalize(text);
  const cleaned = normal.length > 1 ? normal.replace(/\/$/, '') : normal;
  return cleaned.length > 1 && cleaned.startsWith('/') ? cleaned.slice(1) : cleaned;
}

/**
 * Docker's matcher compares plainly where it can, and the plain forms differ from the general one: `**name` in front
 * is any ending, even within a name, but not when more wildcards follow.
 */
function compilePattern(pattern: BytePath): IgnoreRule['matches'] | undefined {
  const tokens = parseGlob(pattern, 'through-directories');
  if (tokens === undefined) return undefined;
  const general = tokens.filter(isGeneral);
  const escaped = pattern.includes('\\');
  if (general.length === 0 && !escaped) return (path) => path === pattern;
  const [only] = general;
  if (general.length === 1 && !escaped && only === tokens[0] && pattern.startsWith('**')) {
    return endingMatcher(pattern.slice(2));
  }
  if (general.length === 1 && !escaped && only?.kind === 'rest') {
    const beginning = pattern.slice(0, -2);
    return (path) => path.startsWith(beginning);
  }
  return (_path, units) => matchGlob(tokens, units());
}

function endingMatcher(ending: BytePath): IgnoreRule['matches'] {
  return (path) => path.endsWith(ending) || (ending.startsWith('/') && path === ending.slice(1));
}

function isGeneral(token: GlobToken): boolean {
  return token.kind !== 'unit';
}

function invalid(path: string, line: number, problem: string): AshlarError {
  return new AshlarError('dockerfile_parse_error', `${path}:${line}: ${problem}`, {
    data: { path, line },
    hint: 'Patterns have *, **, ? and [a-z]; a backslash before these makes them plain.',
  });
}

function trimAscii(text: string): string {
  return text.replace(/^[\t\n\v\f\r ]+/, '').replace(/[\t\n\v\f\r ]+$/, '');
}
