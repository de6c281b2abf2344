import { charStream, type Position, type Span } from './char-stream.ts';
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
  skipBlanks,
  skipTrailing,
  token,
} from './combinators.ts';
import { createCommandSpecs } from './command-specs.ts';
import type { LineParserOptions } from './line-options.ts';
import { described, type Names } from './names.ts';
import type { RustFeatures } from './rust-features.ts';
import { parseSettings } from './rust-settings.ts';
import type {
  AliasDefinition,
  Line,
  Permission,
  Qualified,
  SettingScope,
  UserSpecifier,
} from './syntax.ts';
import { includePathShape, quotedPathShape } from './token-shapes.ts';

export type ParsedLine =
  | { readonly line: Line; readonly error?: undefined }
  | { readonly error: { readonly span: Span; readonly message: string } };

/** Reads a file line by line; a line that makes no sense costs that line alone. As src/sudoers/ast.rs and basic_parser.rs. */
export function parseLines(text: string, options: LineParserOptions): ParsedLine[] {
  const stream = charStream(Array.from(text));
  const context: Context = { stream, features: options.features };
  const parsed: ParsedLine[] = [];
  for (skipBlanks(context); stream.peek() !== undefined; skipBlanks(context)) {
    let right = true;
    try {
      const line = parseLine(context, options);
      skipTrailing(context);
      parsed.push({ line });
    } catch (error) {
      if (!(error instanceof Fatal)) throw error;
      right = false;
      parsed.push({ error: { span: error.span, message: error.message } });
    }
    if (stream.peek() === '#') stream.skipToNewline();
    if (stream.eat('\n')) continue;
    if (right) {
      const at = stream.position();
      const message =
        stream.peek() === undefined
          ? 'missing line terminator at end of file'
          : 'garbage at end of line';
      parsed.push({ error: { span: { start: at, end: at }, message } });
    }
    stream.skipToNewline();
  }
  return parsed;
}

function parseLine(context: Context, options: LineParserOptions): Line {
  const { stream } = context;
  const { names } = options;
  if (stream.eat('@')) return parseInclude(context, names);
  if (stream.peek() === '#') return parseHash(context, options);
  const back = stream.mark();
  const start = stream.position();
  if (context.features.widerNames && stream.peek() === '"') {
    const users = expect(context, names.users, described.user);
    return { kind: 'rule', users, permissions: parsePermissions(context, options) };
  }
  const users = attempt(context, names.users);
  // What cannot be read is left, and said to be garbage.
  if (users === undefined) return { kind: 'comment' };
  const directive = parseDirective(context, options, { users, start, back });
  if (directive === undefined)
    return { kind: 'rule', users, permissions: parsePermissions(context, options) };
  skipTrailing(context);
  if (users.length !== 1 && couldBeUser(directive, context.features)) {
    fail(
      context,
      context.features.ambiguousSyntax ? 'ambiguous syntax' : 'invalid user name list',
      start,
    );
  }
  return directive;
}

/** A uid, an include, or a comment: of an include that makes no sense, only that it is a comment. */
function parseHash(context: Context, options: LineParserOptions): Line {
  const { names } = options;
  let who: ReturnType<Names['identifier']>;
  try {
    who = attempt(context, names.identifier);
  } catch (error) {
    if (!(error instanceof Fatal)) throw error;
  }
  if (who === undefined) {
    try {
      return parseInclude(context, names);
    } catch (error) {
      if (!(error instanceof Fatal)) throw error;
      context.stream.skipToNewline();
      return { kind: 'comment' };
    }
  }
  const first: Qualified<UserSpecifier> = {
    negated: false,
    meta: { kind: 'only', value: { kind: 'user', who } },
  };
  const rest = isSyntax(context, ',') ? expect(context, names.users, described.user) : [];
  return { kind: 'rule', users: [first, ...rest], permissions: parsePermissions(context, options) };
}

function parsePermissions(context: Context, options: LineParserOptions): readonly Permission[] {
  const specs = createCommandSpecs(options);
  const one: Parse<Permission> = (context) => {
    const hosts = attempt(context, options.names.hosts);
    if (hosts === undefined) return undefined;
    expectSyntax(context, '=');
    return { hosts, commands: expect(context, specs, '(users:groups) specification') };
  };
  const many: Parse<Permission[]> = (context) =>
    parseList(context, one, { separator: ':', description: described.host });
  return expect(context, many, described.host);
}

const quotedPath = token(quotedPathShape);
const includePath = token(includePathShape);

function parseInclude(context: Context, names: Names): Line {
  const { stream } = context;
  const start = stream.position();
  const keyword = optional(context, names.username);
  if (keyword !== 'include' && keyword !== 'includedir')
    return fail(context, 'unknown directive', start);
  let path: string;
  if (stream.eat('"')) {
    path = expect(context, quotedPath, 'non-empty string');
    expectSyntax(context, '"');
  } else {
    const at = stream.position();
    path = expect(context, includePath, 'path to file');
    if (stream.peek() !== '\n')
      fail(context, 'use quotes around filenames or escape whitespace', at);
  }
  return { kind: keyword, path, span: { start, end: stream.position() } };
}

interface Beginning {
  readonly users: readonly Qualified<UserSpecifier>[];
  readonly start: Position;
  back(): void;
}

/** Aliases and Defaults begin with what might be a user's name. */
function parseDirective(
  context: Context,
  options: LineParserOptions,
  begun: Beginning,
): Maybe<Line> {
  const { names } = options;
  const first = begun.users[0];
  if (first === undefined || first.negated || first.meta.kind !== 'only') return undefined;
  const { kind, who } = first.meta.value;
  if (kind !== 'user' || !('name' in who)) return undefined;
  switch (who.name) {
    case 'User_Alias':
    case 'Runas_Alias':
      return {
        kind: who.name,
        definitions: parseAliases(context, names, names.users, described.user),
      };
    case 'Host_Alias':
      return {
        kind: 'Host_Alias',
        definitions: parseAliases(context, names, names.hosts, described.host),
      };
    case 'Cmnd_Alias':
    case 'Cmd_Alias':
      return {
        kind: 'Cmnd_Alias',
        definitions: parseAliases(context, names, names.commands, described.command),
      };
    default:
      return parseDefaults(context, options, { ...begun, name: who.name });
  }
}

const reservedWords = new Set([
  'ALL',
  'CHROOT',
  'CWD',
  'NOTAFTER',
  'NOTBEFORE',
  'ROLE',
  'TIMEOUT',
  'TYPE',
]);

function parseAliases<Value>(
  context: Context,
  names: Names,
  members: Parse<Qualified<Value>[]>,
  description: string,
): AliasDefinition<Value>[] {
  const one: Parse<AliasDefinition<Value>> = (context) => {
    const start = context.stream.position();
    const name = attempt(context, names.aliasName);
    if (name === undefined) return undefined;
    if (context.features.reservedWords && reservedWords.has(name)) {
      fail(context, `reserved word ${name} used as an alias name`, start);
    }
    if (name === 'ALL') fail(context, 'the reserved alias ALL cannot be redefined', start);
    expectSyntax(context, '=');
    return { name, members: expect(context, members, description) };
  };
  const many: Parse<AliasDefinition<Value>[]> = (context) =>
    parseList(context, one, { separator: ':', description: 'alias definition' });
  return expect(context, many, 'alias definition');
}

function parseDefaults(
  context: Context,
  options: LineParserOptions,
  begun: Beginning & { name: string },
): Maybe<Line> {
  const keyword = 'Defaults';
  const { features, stream } = context;
  const { name } = begun;
  if (features.widerNames ? !name.startsWith(keyword) : name !== keyword) return undefined;
  const at = stream.position();
  const scoped = at.line === begun.start.line && at.column - begun.start.column === keyword.length;
  let scope: SettingScope = { kind: 'all' };
  if (name.startsWith(`${keyword}@`)) {
    // A host may look like the rest of a user's name.
    begun.back();
    for (let taken = 0; taken <= keyword.length; taken += 1) stream.takeIf(() => true);
    skipTrailing(context);
    scope = { kind: 'hosts', members: expect(context, options.names.hosts, described.host) };
  } else if (scoped) scope = parseScope(context, options.names);
  expect(context, parseSettings, 'parameter');
  return { kind: 'defaults', scope };
}

function parseScope(context: Context, names: Names): SettingScope {
  if (isSyntax(context, '@'))
    return { kind: 'hosts', members: expect(context, names.hosts, described.host) };
  if (isSyntax(context, ':'))
    return { kind: 'users', members: expect(context, names.users, described.user) };
  if (isSyntax(context, '!')) {
    return { kind: 'commands', members: expect(context, names.simpleCommands, described.command) };
  }
  if (isSyntax(context, '>'))
    return { kind: 'run-as', members: expect(context, names.users, described.user) };
  return { kind: 'all' };
}

/** `Defaults` with a scope is no user's name. */
function couldBeUser(line: Line, features: RustFeatures): boolean {
  return !features.ambiguousSyntax || line.kind !== 'defaults' || line.scope.kind === 'all';
}
