import { InvalidArgumentError } from 'commander';

/** What `--build-arg` says, all of them together. */
export interface BuildArgs {
  readonly values: Readonly<Record<string, string>>;
  /** Names that stand alone and that the environment does not have: they say nothing. */
  readonly unset: readonly string[];
}

/** For commander: keeps one more NAME=VALUE, or NAME alone. */
export function collectBuildArg(text: string, previous: readonly string[] = []): readonly string[] {
  if (!/^[A-Za-z_][A-Za-z0-9_]*(=|$)/.test(text))
    throw new InvalidArgumentError('write NAME=VALUE, or NAME to take it from the environment.');
  return [...previous, text];
}

/** A name alone has the value that the environment has, as with docker. The last of a name counts. */
export function readBuildArgs(given: readonly string[], env: NodeJS.ProcessEnv): BuildArgs {
  const values: [string, string][] = [];
  const unset: string[] = [];
  for (const text of given) {
    const equals = text.indexOf('=');
    const name = equals === -1 ? text : text.slice(0, equals);
    const value = equals === -1 ? env[name] : text.slice(equals + 1);
    if (value === undefined) unset.push(name);
    else values.push([name, value]);
  }
  return { values: Object.fromEntries(values), unset };
}
