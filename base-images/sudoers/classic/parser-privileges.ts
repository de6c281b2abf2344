import type { CommandRule, Member, Privilege } from '../policy.ts';
import { parseTimeout, timeParser } from './durations.ts';
import type { Lists } from './parser-lists.ts';
import { type Parser, refuse, Stumble } from './parser-state.ts';

/** `HOSTS = COMMANDS`, more of them after colons. One that makes no sense is left out, and those before it count. */
export function parsePrivileges(parser: Parser, lists: Lists): Privilege[] {
  const privileges = [parsePrivilege(parser, lists)];
  while (parser.takeIf(':')) {
    try {
      privileges.push(parsePrivilege(parser, lists));
    } catch (error) {
      if (!(error instanceof Stumble) || !parser.features.recovers) throw error;
    }
  }
  return privileges;
}

function parsePrivilege(parser: Parser, lists: Lists): Privilege {
  const hosts = lists.hosts();
  parser.expect('=');
  const commands = [inherit(parseCommandRule(parser, lists), null)];
  while (parser.takeIf(','))
    commands.push(inherit(parseCommandRule(parser, lists), commands.at(-1) ?? null));
  return { hosts, commands };
}

function parseCommandRule(parser: Parser, lists: Lists): CommandRule {
  const runAs = parseRunAs(parser, lists);
  const options = new Map<string, string>();
  while (parser.peek().kind === 'OPTION') {
    const name = parser.take().text;
    parser.expect('=');
    const value = parser.expect('WORD').text;
    checkOption(parser, name, value);
    options.set(name, value);
  }
  const tags = new Map<string, boolean>();
  while (parser.peek().kind === 'TAG') {
    const name = parser.take().text;
    const off = offTags.get(name);
    tags.set(off ?? name, off === undefined);
  }
  return { ...runAs, options, tags, command: lists.command() };
}

const offTags = new Map([
  ['PASSWD', 'NOPASSWD'],
  ['EXEC', 'NOEXEC'],
  ...['SETENV', 'LOG_INPUT', 'LOG_OUTPUT', 'MAIL', 'FOLLOW', 'INTERCEPT'].map(
    (name) => [`NO${name}`, name] as const,
  ),
]);

/** What the command before it has, and this one says nothing of. */
function inherit(rule: CommandRule, before: CommandRule | null): CommandRule {
  if (before === null) return rule;
  const noRunAs = rule.runAsUsers === null && rule.runAsGroups === null;
  return {
    ...rule,
    runAsUsers: noRunAs ? before.runAsUsers : rule.runAsUsers,
    runAsGroups: noRunAs ? before.runAsGroups : rule.runAsGroups,
    options:
      before.options.size === 0 ? rule.options : new Map([...before.options, ...rule.options]),
    tags: before.tags.size === 0 ? rule.tags : new Map([...before.tags, ...rule.tags]),
  };
}

const myself: Member = { kind: 'myself', name: '', negated: false, args: null, digests: [] };

/** `(users)`, `(users : groups)`, `(: groups)`, `(:)`, `()`. */
function parseRunAs(parser: Parser, lists: Lists): Pick<CommandRule, 'runAsUsers' | 'runAsGroups'> {
  if (!parser.takeIf('(')) return { runAsUsers: null, runAsGroups: null };
  if (parser.takeIf(')')) return { runAsUsers: [myself], runAsGroups: null };
  if (parser.takeIf(':')) {
    if (parser.takeIf(')')) return { runAsUsers: [myself], runAsGroups: null };
    const runAsGroups = lists.groups();
    parser.expect(')');
    return { runAsUsers: parser.features.groupAloneIsMyself ? [myself] : null, runAsGroups };
  }
  const runAsUsers = lists.users();
  const runAsGroups = parser.takeIf(':') ? lists.groups() : null;
  parser.expect(')');
  return { runAsUsers, runAsGroups };
}

function checkOption(parser: Parser, name: string, value: string): void {
  switch (name) {
    case 'CWD':
    case 'CHROOT':
      if (!/^[/~]/.test(value) && value !== '*') {
        refuse(parser, `values for "${name}" must start with a '/', '~', or '*'`);
      }
      if (parser.features.commandTooLong && value.length >= 4096)
        refuse(parser, `"${name}" path too long`);
      if (name === 'CHROOT' && parser.features.chrootDeprecated)
        parser.warn('"CHROOT" is deprecated');
      return;
    case 'TIMEOUT': {
      const seconds = parseTimeout(value);
      if (seconds === 'too large') refuse(parser, 'timeout value too large');
      if (seconds === 'invalid') refuse(parser, 'invalid timeout value');
      return;
    }
    case 'NOTBEFORE':
    case 'NOTAFTER':
      if (timeParser(parser.features)(value) === null)
        refuse(parser, `invalid ${name.toLowerCase()} value`);
      return;
    default:
  }
}
