import { readTomlStatements, type TomlStatement } from './toml-statements.ts';
import { settingsProblem } from './settings-file.ts';

/** Throws `config_invalid` for what cannot be read. */
export function statementsOf(path: string, text: string): readonly TomlStatement[] {
  const statements = readTomlStatements(text);
  if (statements === null)
    throw settingsProblem(path, 'is no TOML, or has it in a form that is not understood here');
  return statements;
}

/** A basic string. What is written here are addresses and paths, in which JSON and TOML escape alike. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

export function startsWith(path: readonly string[], lead: readonly string[]): boolean {
  return lead.every((part, index) => path[index] === part);
}

/** Whether a value, inline as it is, may hold what lies at `path`. */
export function mayHold({ kind, path: own }: TomlStatement, path: readonly string[]): boolean {
  return kind === 'value' && own.length <= path.length && startsWith(path, own);
}
