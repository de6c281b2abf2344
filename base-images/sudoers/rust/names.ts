import type { Snapshot } from '../snapshot.ts';
import { charStream } from './char-stream.ts';
import {
  attempt,
  type Context,
  expect,
  expectSyntax,
  fail,
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
import {
  aliasShape,
  hostShape,
  idShape,
  type Meta,
  metaShape,
  unquotedShape,
  usernameShape,
} from './token-shapes.ts';

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
  const userShape = usernameShape(features);
  const username = token(userShape);
  const metaUsername = token(metaShape(userShape));
  const id = token(idShape(features));
  const unquoted = token(unquotedShape(userShape));

  const identifier: Parse<Identifier> = (context) => {
    if (context.stream.eat('#')) return { id: expect(context, id, 'number') };
    const name = attempt(context, username);
    return name === undefined ? undefined : { name };
  };
  const bareUser: Parse<UserSpecifier> = (context) => {
    if (context.stream.eat('%')) {
      const kind = context.stream.eat(':') ? 'plugin' : 'group';
      return { kind, who: expect(context, identifier, described.identifier) };
    }
    if (context.stream.eat('+')) fail(context, 'netgroups are not supported yet');
    const who = attempt(context, identifier);
    return who === undefined ? undefined : { kind: 'user', who };
  };
  const quotedUser = (
    context: Context,
    start: ReturnType<Context['stream']['position']>,
  ): Maybe<UserSpecifier> => {
    const inside = context.stream.position();
    const text = expect(context, unquoted, described.user);
    const stream = charStream(Array.from(text), inside);
    let user: Maybe<UserSpecifier>;
    try {
      user = bareUser({ ...context, stream });
    } catch (error) {
      if (!(error instanceof Fatal) || features.widerNames) throw error;
    }
    if (user === undefined)
      return features.widerNames ? undefined : fail(context, 'invalid user', start);
    expectSyntax(context, '"');
    return user;
  };
  const userSpecifier: Parse<UserSpecifier> = (context) => {
    const start = context.stream.position();
    return context.stream.eat('"') ? quotedUser(context, start) : bareUser(context);
  };
  /** ALL, an alias or a plain name, else what `parse` reads. */
  const meta =
    <Value extends {}>(parse: Parse<Value>, named: (name: string) => Value): Parse<Meta<Value>> =>
    (context) => {
      const found = optional(context, metaUsername);
      if (found !== undefined)
        return found.kind === 'only' ? { kind: 'only', value: named(found.value) } : found;
      const value = parse(context);
      return value === undefined ? undefined : { kind: 'only', value };
    };
  const list = <Value extends {}>(
    parse: Parse<Meta<Value>>,
    description: string,
  ): Parse<Qualified<Value>[]> => {
    const one = qualified(parse, description);
    return (context) => parseList(context, one, { separator: ',', description });
  };
  const users = list(
    meta<UserSpecifier>(userSpecifier, (name) => ({ kind: 'user', who: { name } })),
    described.user,
  );
  const groups = list(
    meta<Identifier>(identifier, (name) => ({ name })),
    described.identifier,
  );
  const command = token(metaShape(commandShape(features, snapshot)));
  return {
    username,
    aliasName: token(aliasShape),
    identifier,
    users,
    hosts: list(token(metaShape(hostShape(features))), described.host),
    commands: list(command, described.command),
    simpleCommands: list(
      token(metaShape(simpleCommandShape(features, snapshot))),
      described.command,
    ),
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
