import type { Account, Group } from '../accounts.ts';
import { type Alias, aliasKey, type AliasType, type CommandRule, type Member } from '../policy.ts';
import { matchesShellPattern } from '../shell-pattern.ts';
import { matchesCommand } from './match-command.ts';
import type { MatchContext } from './match-context.ts';
import type { EffectiveSettings } from './settings.ts';

/** True allows, false forbids, null says nothing. Of a list, the last member that says something counts. */
export type Matched = boolean | null;

export interface Matcher {
  users(members: readonly Member[], account: Account): Matched;
  hosts(members: readonly Member[]): Matched;
  runAs(lists: RunAsLists): Matched;
  commands(members: readonly Member[]): Matched;
}

/** As plugins/sudoers/match.c. */
export function createMatcher(context: MatchContext): Matcher {
  const { policy, request, settings } = context;
  const open = new Set<Alias>();
  let steps = 0;
  const list = (
    type: AliasType,
    members: readonly Member[],
    one: (member: Member) => boolean,
  ): Matched => {
    for (let index = members.length - 1; index >= 0; index -= 1) {
      const member = members[index];
      if (member === undefined) continue;
      const matched = matchOne(type, member, one);
      if (matched !== null) return matched;
    }
    return null;
  };
  const matchOne = (type: AliasType, member: Member, one: (member: Member) => boolean): Matched => {
    steps += 1;
    if (member.kind === 'alias') {
      const alias = policy.aliases.get(aliasKey(type, member.name));
      if (alias !== undefined && !open.has(alias) && steps < maxSteps && open.size < maxDepth) {
        open.add(alias);
        const matched = list(type, alias.members, one);
        open.delete(alias);
        return matched === null ? null : matched !== member.negated;
      }
      if (type === 'Cmnd_Alias') return null;
    }
    return one(member) ? !member.negated : null;
  };
  const users = (type: AliasType, members: readonly Member[], account: Account): Matched =>
    list(type, members, (member) => isUser(member, account, context));
  const byDefault = (): Matched => isUser(defaultRunAs(settings), request.runAs, context) || null;
  const byUsers = (members: readonly Member[] | null): Matched =>
    members === null ? byDefault() : users('Runas_Alias', members, request.runAs);
  const byGroups = (members: readonly Member[] | null): Matched => {
    const group = request.runAsGroup;
    if (group === null) return null;
    const named =
      members === null
        ? null
        : list('Runas_Alias', members, (member) => isGroup(member, group, context));
    return named ?? (request.runAs.groups.some(({ gid }) => gid === group.gid) || null);
  };
  /** Before 1.9.14 a group alone needs no user of the rule, and a rule that names neither is asked for the user alone. */
  const byUsersOnce = ({ runAsUsers, runAsGroups }: RunAsLists): Matched => {
    if (!request.runAsUserGiven && request.runAsGroup !== null)
      return request.user.name === request.runAs.name || null;
    if (runAsUsers !== null) return byUsers(runAsUsers) ?? asHimself();
    return runAsGroups === null ? byDefault() : asHimself();
  };
  const asHimself = (): Matched =>
    (request.runAsGroup !== null && request.user.name === request.runAs.name) || null;
  return {
    users: (members, account) => users('User_Alias', members, account),
    hosts: (members) => list('Host_Alias', members, (member) => isHost(member, context)),
    commands: (members) => list('Cmnd_Alias', members, (member) => matchesCommand(member, context)),
    runAs: (lists) => {
      const { runAsUsers, runAsGroups } = lists;
      const once = !context.features.groupAloneIsMyself;
      const neither = runAsUsers === null && runAsGroups === null;
      if (once && neither && request.runAsUserGiven) return byDefault();
      const byUser = once ? byUsersOnce(lists) : byUsers(runAsUsers);
      const byGroup = byGroups(runAsGroups);
      if (byUser === false || byGroup === false) return false;
      return byUser === byGroup || request.runAsGroup === null ? byUser : null;
    },
  };
}

type RunAsLists = Pick<CommandRule, 'runAsUsers' | 'runAsGroups'>;

const maxDepth = 1_000;
const maxSteps = 200_000;

function defaultRunAs(settings: EffectiveSettings): Member {
  const name = settings.get('runas_default');
  return {
    kind: 'word',
    name: typeof name === 'string' ? name : 'root',
    negated: false,
    args: null,
    digests: [],
  };
}

function isUser(member: Member, account: Account, context: MatchContext): boolean {
  const { name } = member;
  switch (member.kind) {
    case 'all':
      return true;
    case 'group':
      return isInGroup(name.slice(1), account, context);
    case 'myself':
      return isMyself(context);
    case 'alias':
    case 'word':
      if (isId(name, account.uid) && context.features.uidRules) return true;
      return sameName(name, account.name, context.settings.get('case_insensitive_user'), context);
    default:
      // Netgroups are asked of a directory service, which no image has.
      return false;
  }
}

/** `()`: who runs as himself; without `-u` anybody is meant, and becomes himself. */
function isMyself({ request, features }: MatchContext): boolean {
  const meant = features.myselfNeedsGroup ? request.runAsGroup !== null : true;
  return (!request.runAsUserGiven && meant) || request.user.name === request.runAs.name;
}

/** `%:group` is asked of a plugin, which no image has. */
function isInGroup(name: string, account: Account, context: MatchContext): boolean {
  return account.groups.some(
    (group) =>
      isId(name, group.gid) ||
      (group.name !== '' &&
        sameName(name, group.name, context.settings.get('case_insensitive_group'), context)),
  );
}

function isGroup(member: Member, group: Group, context: MatchContext): boolean {
  if (member.kind === 'all') return true;
  if (isId(member.name, group.gid)) return true;
  return sameName(member.name, group.name, context.settings.get('case_insensitive_group'), context);
}

function isId(name: string, id: number): boolean {
  return /^#[+-]?\d{1,11}$/.test(name) && Number(name.slice(1)) === id;
}

function sameName(
  a: string,
  b: string,
  insensitive: string | boolean | undefined,
  context: MatchContext,
): boolean {
  const folds = context.features.defaultsHaveLines && insensitive !== false;
  return folds ? fold(a) === fold(b) : a === b;
}

function fold(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function isHost(member: Member, { request }: MatchContext): boolean {
  if (member.kind === 'all') return true;
  if (member.kind !== 'word' && member.kind !== 'alias') return false;
  const long = fold(request.host);
  const host = member.name.includes('.') ? long : (long.split('.')[0] ?? '');
  const name = fold(member.name);
  return /[\\?*[\]]/.test(name)
    ? matchesShellPattern(name, host, { pathname: false })
    : name === host;
}
