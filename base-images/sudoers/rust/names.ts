import type { Snapshot } from '../snapshot.ts';
import {
  attempt,
  expect,
  expectSyntax,
  Fatal,
  isSyntax,
  type Maybe,
  optional,
  type Parse,
  parseList,
  token,
} from './combinators.ts';
import { type Command, commandShape, simpleCommandShape } from './command-shape.ts';
import type { RustFeatures } from './rust-features.ts';
import type { Identifier, Qualified, RunAs, UserSpecifier } from './syntax.ts';
import { aliasShape, hostShape, type Meta, metaShape, usernameShape } from './token-shapes.ts';
import { createUserNames } from './user-names.ts';

/** The parsers of names, for one version of sudo-rs. */
export interface Names {
  readonly username: Parse<string>;
  readonly aliasName: Parse<string>;
  readonly identifier: Parse<Identifier>;
  readonly users: Parse<Qualified<UserSpecifier>[]>;
  readonly hosts: Parse<Qualified<string>[]>;
  readonly commands: Parse<Qualified<Command>[]>;
  readonly simpleCommands: Parse<Qualified<Command>[]>;
  readonly command: Parse<Qualified<Command>>;
  readonly runAs: Parse<RunAs>;
}

/** How error messages call what is missing. */
export const described = {
  user: 'user',
  host: 'host name',
  command: 'path to binary (or sudoedit)',
  identifier: 'identifier',
} as const;

export function createNames(features: RustFeatures, snapshot: Snapshot): Names {
  const { username, identifier, userSpecifier } = createUserNames(features);
  const metaUsername = token(metaShape(usernameShape(features)));
  const users = list(
    meta<UserSpecifier>(metaUsername, userSpecifier, (name) => ({ kind: 'user', who: { name } })),
    described.user,
  );
  const groups = list(
    meta<Identifier>(metaUsername, identifier, (name) => ({ name })),
    described.identifier,
  );
  const command = token(metaShape(commandShape(features, snapshot)));
  const simpleCommand = token(metaShape(simpleCommandShape(features, snapshot)));
  return {
    username,
    aliasName: token(aliasShape),
    identifier,
    users,
    hosts: list(token(metaShape(hostShape(features))), described.host),
    commands: list(command, described.command),
    simpleCommands: list(simpleCommand, described.command),
    command: qualified(command, described.command),
    runAs: (context) => {
      if (!isSyntax(context, '(')) return undefined;
      const allowed = orNone(() => attempt(context, users)) ?? [];
      const allowedGroups = isSyntax(context, ':') ? (attempt(context, groups) ?? []) : [];
      expectSyntax(context, ')');
      return { users: allowed, groups: allowedGroups };
    },
  };
}

/** ALL, an alias or a plain name, else what `parse` reads. */
function meta<Value extends {}>(
  metaName: Parse<Meta<string>>,
  parse: Parse<Value>,
  named: (name: string) => Value,
): Parse<Meta<Value>> {
  return (context) => {
    const found = optional(context, metaName);
    if (found !== undefined)
      return found.kind === 'only' ? { kind: 'only', value: named(found.value) } : found;
    const value = parse(context);
    return value === undefined ? undefined : { kind: 'only', value };
  };
}

function list<Value extends {}>(
  parse: Parse<Meta<Value>>,
  description: string,
): Parse<Qualified<Value>[]> {
  const one = qualified(parse, description);
  return (context) => parseList(context, one, { separator: ',', description });
}

function qualified<Value extends {}>(
  parse: Parse<Meta<Value>>,
  description: string,
): Parse<Qualified<Value>> {
  return (context) => {
    let negated = false;
    let any = false;
    while (isSyntax(context, '!')) {
      negated = !negated;
      any = true;
    }
    const meta = any ? expect(context, parse, description) : attempt(context, parse);
    return meta === undefined ? undefined : { negated, meta };
  };
}

/** An error in the list of users is as no list: the `)` that is then missing is what is said. */
function orNone<Value>(parse: () => Maybe<Value>): Maybe<Value> {
  try {
    return parse();
  } catch (error) {
    if (error instanceof Fatal) return undefined;
    throw error;
  }
}
