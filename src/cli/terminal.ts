import type { Writable } from 'node:stream';
import { catalogue } from '../errors/catalogue.ts';
import type { AshlarError } from '../errors/ashlar-error.ts';
import type { Json } from '../image/canonical-json.ts';

/** How results are written: for people, or as one JSON document on stdout. */
export type OutputForm = 'text' | 'json';

/** What a command gives: the same facts twice. */
export interface CommandResult {
  readonly json: Json;
  /** Without the final newline; nothing is printed when it is empty. */
  readonly text: string;
}

export interface Terminal {
  /** The result alone. */
  readonly stdout: Writable;
  /** Progress, warnings and errors. */
  readonly stderr: Writable;
  readonly isInteractive: boolean;
}

/** Throws what stdout fails with. */
export async function printResult(
  { stdout }: Terminal,
  form: OutputForm,
  result: CommandResult,
): Promise<void> {
  if (form === 'json') await writeOut(stdout, `${JSON.stringify(result.json)}\n`);
  else if (result.text !== '') await writeOut(stdout, `${result.text}\n`);
}

async function writeOut(stream: Writable, text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** Writes a failure: what, who has to act, and what to do. In JSON it is the document on stdout. */
export function printError(terminal: Terminal, form: OutputForm, error: AshlarError): void {
  const { code, message, hint, data } = error;
  const errorClass = catalogue[code].class;
  if (form === 'json') {
    const document = {
      error: { code, class: errorClass, retryable: error.entry.retryable, message, hint, data },
    };
    terminal.stdout.write(`${JSON.stringify(document)}\n`);
    return;
  }
  const lines = [`error: ${message}`];
  if (typeof data['excerpt'] === 'string') lines.push(indented(data['excerpt']));
  if (typeof data['output'] === 'string' && data['output'] !== '') {
    lines.push('  last output:', indented(data['output']));
  }
  if (code === 'internal') lines.push(indented(stackOf(error)));
  lines.push(`  code: ${code}; to act: ${whoActsOn(error)}`, `  next: ${hint}`);
  terminal.stderr.write(`${printable(lines.join('\n'))}\n`);
}

/** Messages hold what others wrote, such as lines of a Dockerfile: none of it may steer the terminal. */
function printable(text: string): string {
  return text.replaceAll(/\r$/gm, '').replaceAll(/(?![\n\t])\p{Cc}/gu, '\uFFFD');
}

/** Where an unexpected error came from, for a report. */
function stackOf(error: AshlarError): string {
  const origin = error.cause instanceof Error ? error.cause : error;
  return origin.stack ?? origin.message;
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}

function whoActsOn({ code, entry }: AshlarError): string {
  const isLockfiles = entry.class === 'author' && code.startsWith('lockfile_');
  return isLockfiles ? 'the author of the lockfile (author)' : whoActs[entry.class];
}

const whoActs = {
  author: 'the author of the Dockerfile (author)',
  caller: 'whoever gave this command (caller)',
  owner: 'the owner of the quota or policy (owner)',
  upstream: 'a service outside, or wait (upstream)',
  operator: 'the operator of this installation (operator)',
  platform: 'the makers of Ashlar (platform)',
} as const;

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A size for people, with binary units: `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${value} B` : `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

/** Columns of text, padded; the last column is not. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
