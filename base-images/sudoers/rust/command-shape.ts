import type { Snapshot } from '../snapshot.ts';
import { TokenError, type TokenShape } from './combinators.ts';
import { globError } from './rust-glob.ts';
import type { RustFeatures } from './rust-features.ts';

/** A command, as a pattern, and its arguments. */
export interface Command {
  readonly pattern: string;
  readonly args: readonly string[];
  /** More arguments may follow. */
  readonly more: boolean;
}

const isEscaped = (character: string): boolean => '\\,:=# '.includes(character);

/** A path to a program, alone: of `Defaults!`. */
export function simpleCommandShape(
  features: RustFeatures,
  snapshot: Snapshot,
): TokenShape<Command> {
  const rest = (character: string): boolean =>
    (!isEscaped(character) && !/\p{Cc}/u.test(character)) ||
    (features.equalsInArguments && character === '=');
  const starts = features.commandWords ? '/sl' : '/s';
  return {
    maxBytes: 1024,
    first: (character) => starts.includes(character),
    rest,
    escaped: isEscaped,
    construct: (text) => simpleCommand(text, features, snapshot),
  };
}

export function commandShape(features: RustFeatures, snapshot: Snapshot): TokenShape<Command> {
  const simple = simpleCommandShape(features, snapshot);
  return {
    ...simple,
    rest: (character) =>
      simple.rest(character) ||
      character === ' ' ||
      (features.tabsInArguments && character === '\t'),
    construct: (text) => {
      const [path = '', ...args] = text.split(/\s+/u).filter((word) => word !== '');
      const command = simpleCommand(path, features, snapshot);
      if (command instanceof TokenError) return command;
      const withArguments = addArguments(command, args, features);
      const listsWith =
        features.commandWords && path === 'list' && !(withArguments instanceof TokenError);
      if (listsWith && !(withArguments.args.length === 0 && withArguments.more)) {
        return new TokenError('list does not take arguments');
      }
      return withArguments;
    },
  };
}

function addArguments(
  command: Command,
  args: readonly string[],
  features: RustFeatures,
): Command | TokenError {
  if (args.length === 0) return command;
  if (features.refusesRegex && args[0]?.startsWith('^') === true) {
    return new TokenError('regular expressions are not supported');
  }
  const last = args.at(-1);
  const more = features.argumentPrefix && last === '*';
  const exact = more || last === '""' ? args.slice(0, -1) : args;
  if (features.argumentPrefix && exact.some((arg) => /[?*]/.test(arg))) {
    return new TokenError('wildcards are not allowed in command arguments');
  }
  return { ...command, args: exact, more };
}

function simpleCommand(
  text: string,
  features: RustFeatures,
  snapshot: Snapshot,
): Command | TokenError {
  if (features.commandWords) {
    if (text === 'list' || text === 'sudoedit') return { pattern: text, args: [], more: true };
    if (text.startsWith('sha')) return new TokenError('digest specifications are not supported');
    if (features.refusesRegex && text.startsWith('^'))
      return new TokenError('regular expressions are not supported');
    if (!text.startsWith('/')) return new TokenError('fully qualified path needed');
  }
  const isDirectory = text.endsWith('/');
  const path = canonical(isDirectory ? text.slice(0, -1) : text, snapshot);
  const pattern = isDirectory ? `${path}/*` : path;
  const error = globError(pattern);
  return error === null
    ? { pattern, args: [], more: true }
    : new TokenError(`wildcard pattern error ${error}`);
}

/** The directory's own place, with the name as it stands; as it was where there is no such file. */
export function canonical(path: string, snapshot: Snapshot): string {
  const bytes = Buffer.from(path).toString('latin1');
  if (!bytes.startsWith('/') || snapshot.look(bytes).error !== null) return path;
  const trimmed = bytes.replace(/\/+$/, '');
  const directory = snapshot.look(trimmed.slice(0, trimmed.lastIndexOf('/')) || '/');
  const name = trimmed.slice(trimmed.lastIndexOf('/') + 1);
  if (directory.error !== null || name === '' || name === '..') return path;
  const joined = `${directory.realPath === '/' ? '' : directory.realPath}/${name}`;
  return Buffer.from(joined, 'latin1').toString('utf8');
}
