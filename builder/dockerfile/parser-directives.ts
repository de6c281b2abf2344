import { trimStart } from './go-text.ts';

/** The character that escapes and that continues a line. */
export type EscapeCharacter = '\\' | '`';

export interface ParserDirectives {
  /** The frontend image that `# syntax=` asks for. */
  readonly syntax: string | undefined;
  readonly escape: EscapeCharacter;
  readonly checks: WarningChecks;
}

/** What `# check=` says of the warnings. */
export interface WarningChecks {
  /** Names of checks to leave out, or all of them. */
  readonly skip: ReadonlySet<string> | 'all';
  /** Warnings end the build. */
  readonly warningsAreErrors: boolean;
}

export interface DirectiveReading {
  readonly directives: ParserDirectives;
  /** Where `# syntax=` stands, counted from 1; 0 where it does not. */
  readonly syntaxLine: number;
  readonly faults: readonly { readonly line: number; readonly message: string }[];
}

const directivePattern = /^([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/;
const knownNames: ReadonlySet<string> = new Set(['syntax', 'escape', 'check']);

/**
 * Reads the directives in the first lines of a Dockerfile. They end at the first line that is none: a blank line,
 * another comment, an instruction. Source: Dockerfile reference, "Parser directives".
 */
export function readParserDirectives(lines: readonly string[]): DirectiveReading {
  const values = new Map<string, string>();
  let syntaxLine = 0;
  const faults: { line: number; message: string }[] = [];
  for (const [index, line] of lines.entries()) {
    const found = directiveOf(line);
    if (found === undefined) break;
    if (values.has(found.name)) {
      const message = `the parser directive ${found.name} stands here a second time`;
      faults.push({ line: index + 1, message });
    } else if (found.name === 'escape' && found.value !== '\\' && found.value !== '`') {
      const message = `the escape character is ${JSON.stringify(found.value)}; it can be \\ or \``;
      faults.push({ line: index + 1, message });
    }
    if (found.name === 'syntax') syntaxLine = index + 1;
    values.set(found.name, found.value);
  }
  return {
    directives: {
      syntax: values.get('syntax')?.split(' ', 1)[0],
      escape: values.get('escape') === '`' ? '`' : '\\',
      checks: readChecks(values.get('check') ?? ''),
    },
    syntaxLine,
    faults,
  };
}

function directiveOf(line: string): { name: string; value: string } | undefined {
  const start = trimStart(line);
  if (!start.startsWith('#')) return undefined;
  const found = directivePattern.exec(trimStart(start.slice(1)));
  const name = found?.[1]?.toLowerCase();
  const value = found?.[2];
  if (name === undefined || value === undefined || !knownNames.has(name)) return undefined;
  return { name, value };
}

/** `skip=A,B;error=true` */
function readChecks(text: string): WarningChecks {
  let skip: ReadonlySet<string> | 'all' = new Set();
  let warningsAreErrors = false;
  for (const part of text.split(';')) {
    const [key = '', value = ''] = part.trim().split('=', 2);
    if (key === 'skip') {
      const names = value.split(',').map((name) => name.trim());
      skip = names.includes('all') ? 'all' : new Set(names);
    } else if (key === 'error') warningsAreErrors = value.trim().toLowerCase() === 'true';
  }
  return { skip, warningsAreErrors };
}
