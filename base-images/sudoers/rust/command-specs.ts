import {
  attempt,
  type Context,
  expect,
  expectSyntax,
  fail,
  isSyntax,
  optional,
  type Parse,
  parseList,
  token,
} from './combinators.ts';
import type { LineParserOptions } from './line-options.ts';
import { described } from './names.ts';
import type { CommandSpec, Qualified, Tag } from './syntax.ts';
import type { Command } from './command-shape.ts';
import { directoryShape, plainTextShape } from './token-shapes.ts';

const maxTags = 127;

/** `(users:groups) TAG: command`, with commas between. */
export function createCommandSpecs(options: LineParserOptions): Parse<CommandSpec[]> {
  const { names, features } = options;
  const parseCommand = (context: Context): Omit<CommandSpec, 'runAs'> => {
    const tags: Tag[] = [];
    for (;;) {
      const found = optional(context, (context) => parseTagOrName(context, options));
      if (found === undefined) break;
      if ('meta' in found) return { tags, command: found };
      tags.push(found);
      if (tags.length > maxTags) fail(context, 'too many tags for command specifier');
    }
    if (!features.commandWords) refuseWord(context, options);
    return { tags, command: expect(context, names.command, described.command) };
  };
  const one: Parse<CommandSpec> = (context) => {
    const runAs = optional(context, names.runAs);
    return { runAs: runAs ?? null, ...parseCommand(context) };
  };
  return (context) =>
    parseList(context, one, { separator: ',', description: '(users:groups) specification' });
}

/** Words where a command should be. */
function refuseWord(context: Context, { names }: LineParserOptions): void {
  const start = context.stream.position();
  const word = optional(context, names.username);
  if (word === undefined) return;
  if (word === 'sudoedit') fail(context, 'sudoedit is not yet supported', start);
  if (word === 'list') fail(context, 'list is not yet supported', start);
  if (word.startsWith('sha')) fail(context, 'digest specifications are not supported', start);
  fail(context, `expected command but found ${word}`, start);
}

const directory = token(directoryShape);
const profile = token(plainTextShape);

const plainTags = new Set([
  'EXEC',
  'SETENV',
  'NOSETENV',
  'PASSWD',
  'NOPASSWD',
  'NOFOLLOW',
  'NOINTERCEPT',
]);
const ignoredTags = new Set([
  'LOG_INPUT',
  'NOLOG_INPUT',
  'LOG_OUTPUT',
  'NOLOG_OUTPUT',
  'MAIL',
  'NOMAIL',
]);
const unsupported = new Set(['INTERCEPT', 'CHROOT', 'TIMEOUT', 'NOTBEFORE', 'NOTAFTER']);

/** What begins with a capital letter: a tag with its colon, an option with its value, ALL, or an alias. */
function parseTagOrName(
  context: Context,
  options: LineParserOptions,
): Tag | Qualified<Command> | undefined {
  const { features, names } = options;
  const start = context.stream.position();
  const name = attempt(context, names.aliasName);
  if (name === undefined) return undefined;
  const tag: Tag = { name, span: { start, end: context.stream.position() } };
  if (!features.commandWords && (name === 'NOEXEC' || name === 'INTERCEPT')) {
    fail(context, 'NOEXEC and INTERCEPT are not supported by sudo-rs', start);
  }
  if (unsupported.has(name)) fail(context, `${name} is not supported by sudo-rs`, start);
  if (name === 'ROLE' || name === 'TYPE') {
    const kind = features.widerNames ? 'SELinux role' : 'role';
    fail(context, `${kind} based access control is not yet supported by sudo-rs`, start);
  }
  if (ignoredTags.has(name) && !features.ignoredTagsAreNoted)
    options.warn(`warning: ${name} tags are ignored by sudo-rs`);
  if (plainTags.has(name) || ignoredTags.has(name) || name === 'NOEXEC' || name === 'FOLLOW') {
    expectSyntax(context, ':');
    return tag;
  }
  if (name === 'CWD') {
    expectSyntax(context, '=');
    expect(context, directory, "directory or '*'");
    return tag;
  }
  if (name === 'APPARMOR_PROFILE' && features.widerNames) {
    expectSyntax(context, '=');
    expect(context, profile, 'non-empty string');
    return tag;
  }
  if (name === 'ALL') return { negated: false, meta: { kind: 'all' } };
  if (features.widerNames && isSyntax(context, '='))
    fail(context, `unsupported modifier '${name}'`, start);
  return { negated: false, meta: { kind: 'alias', name } };
}

/** Tags that newer versions take, and say that they do nothing. */
export function isIgnoredTag(tag: Tag): boolean {
  return ignoredTags.has(tag.name) || tag.name === 'FOLLOW';
}
