import { type Alias, aliasKey, type AliasType, type Setting, type UserRule } from '../policy.ts';
import type { Lists } from './parser-lists.ts';
import { parsePrivileges } from './parser-privileges.ts';
import { type Parser, Stumble } from './parser-state.ts';
import type { Token } from './tokens.ts';

/** What has been read so far. */
export interface Entries {
  readonly rules: UserRule[];
  readonly aliases: Map<string, Alias>;
  readonly settings: Setting[];
}

export interface EntryContext {
  readonly parser: Parser;
  readonly lists: Lists;
  readonly entries: Entries;
  include(how: 'include' | 'includedir', path: string): void;
  skipLine(): boolean;
}

/** One entry, with the newline that ends it. */
export function parseEntry(context: EntryContext): void {
  const { parser } = context;
  switch (parser.peek().kind) {
    case '\n':
      parser.take();
      return;
    case 'INCLUDE':
      return parseInclude(context);
    case 'ALIASES':
      return parseAliases(context);
    case 'DEFAULTS':
      return parseDefaults(context);
    default:
      return parseRule(context);
  }
}

function endEntry(parser: Parser): void {
  if (parser.features.entriesEndWithLine) parser.expect('\n');
}

/** What follows the path is wrong, but the path counts. */
function parseInclude({ parser, include, skipLine }: EntryContext): void {
  const how = parser.take().text === 'includedir' ? 'includedir' : 'include';
  const path = parser.expect('WORD').text;
  if (!parser.takeIf('\n')) {
    parser.report('syntax error');
    if (!skipLine()) throw new Stumble();
  }
  include(how, path);
}

function parseAliases(context: EntryContext): void {
  const { parser } = context;
  const type = parser.take().text as AliasType;
  do {
    const token = parser.peek();
    if ((token.kind === 'ALL' || token.kind === 'OPTION') && parser.features.reservedAliasNames) {
      parser.take();
      parser.say(`syntax error, reserved word ${reservedWord(token)} used as an alias name`);
      throw new Stumble();
    }
    const name = parser.expect('ALIAS').text;
    addAlias(context, { ...parser.place(), type, name });
  } while (parser.takeIf(':'));
  endEntry(parser);
}

function reservedWord(token: Token): string {
  if (token.kind === 'ALL') return 'ALL';
  return token.text === 'TIMEOUT' ? 'CMND_TIMEOUT' : token.text;
}

function addAlias({ parser, lists, entries }: EntryContext, begun: Omit<Alias, 'members'>): void {
  const { type, name } = begun;
  parser.expect('=');
  const members =
    type === 'Host_Alias'
      ? lists.hosts()
      : type === 'Cmnd_Alias'
        ? lists.commands()
        : lists.users();
  const key = aliasKey(type, name);
  const known = entries.aliases.get(key);
  if (known === undefined) {
    entries.aliases.set(key, { ...begun, members });
    return;
  }
  const { path, line, column } = known;
  parser.say(
    parser.features.duplicateAliasNamesFirst
      ? `duplicate ${type} "${name}", previously defined at ${path}:${line}:${column}`
      : `Alias "${name}" already defined`,
  );
  throw new Stumble();
}

function parseDefaults({ parser, lists, entries }: EntryContext): void {
  const scope = parser.take().text as Setting['scope'];
  const members =
    scope === ''
      ? []
      : scope === '@'
        ? lists.hosts()
        : scope === '!'
          ? lists.commands()
          : lists.users();
  const found: Setting[] = [];
  do found.push({ ...parseSetting(parser), scope, members });
  while (parser.takeIf(','));
  endEntry(parser);
  for (const setting of found) entries.settings.push(setting);
}

function parseSetting(parser: Parser): Omit<Setting, 'scope' | 'members'> {
  if (parser.takeIf('!')) {
    const name = parser.expect('NAME').text;
    return { ...parser.place(), name, operator: 'unset', value: null };
  }
  const name = parser.expect('NAME').text;
  const { kind } = parser.peek();
  if (kind !== '=' && kind !== '+' && kind !== '-')
    return { ...parser.place(), name, operator: 'set', value: null };
  parser.take();
  const value = parser.expect('WORD').text;
  return { ...parser.place(), name, operator: kind === '=' ? 'set' : kind, value };
}

function parseRule({ parser, lists, entries }: EntryContext): void {
  const { features } = parser;
  const users = lists.users();
  const privileges = parsePrivileges(parser, lists);
  endEntry(parser);
  const { path, line, column } = parser.place();
  const own = features.entriesEndWithLine && features.ruleLineIsItsOwn ? line - 1 : line;
  entries.rules.push({ path, line: own, column, users, privileges });
}
