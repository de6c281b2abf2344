import type { CommandRule, Member } from '../policy.ts';
import type { MatchContext } from './match-context.ts';
import type { Lists, Matched } from './match-lists.ts';
import { isGroup, isUser } from './match-member.ts';

type RunAsLists = Pick<CommandRule, 'runAsUsers' | 'runAsGroups'>;

/** Does a rule let the request be run as its user and group? As runaslist_matches of plugins/sudoers/match.c. */
export function createRunAs(lists: Lists, context: MatchContext): (rule: RunAsLists) => Matched {
  return context.features.groupAloneIsMyself
    ? (rule) => runAsNow(rule, lists, context)
    : (rule) => runAsBefore(rule, lists, context);
}

function runAsNow(
  { runAsUsers, runAsGroups }: RunAsLists,
  lists: Lists,
  context: MatchContext,
): Matched {
  const { request } = context;
  const members = runAsUsers ?? [defaultRunAs(context)];
  const byUser = lists.match('Runas_Alias', members, (member) =>
    isUser(member, request.runAs, context),
  );
  if (request.runAsGroup === null) return byUser;
  const orTarget = (within: Matched): Matched => within ?? isInTarget(context);
  return both(byUser, orTarget(matchGroup(runAsGroups, lists, context, orTarget)));
}

/**
 * Before 1.9.14: where a group alone is given, users of the rule are not asked, and a rule that names neither is asked for the user alone. An
 * alias counts as a rule of its own, so that of user and group each has to hold within it.
 */
function runAsBefore(rule: RunAsLists, lists: Lists, context: MatchContext): Matched {
  const { request } = context;
  const { runAsUsers, runAsGroups } = rule;
  const asksUser = request.runAsUserGiven || request.runAsGroup === null;
  if (asksUser && runAsUsers === null && runAsGroups === null)
    return isUser(defaultRunAs(context), request.runAs, context) || null;
  const settle = (within: Matched): Matched =>
    request.runAsGroup === null ? within : both(within ?? himself(context), isInTarget(context));
  const byUser = lists.match(
    'Runas_Alias',
    asksUser ? (runAsUsers ?? []) : [],
    (member) => isUser(member, request.runAs, context),
    settle,
  );
  if (request.runAsGroup === null) return byUser;
  const byGroup = matchGroup(runAsGroups, lists, context, (within) =>
    both(himself(context), within ?? isInTarget(context)),
  );
  return both(byUser ?? himself(context), byGroup ?? isInTarget(context));
}

function matchGroup(
  members: readonly Member[] | null,
  lists: Lists,
  context: MatchContext,
  settle: (within: Matched) => Matched,
): Matched {
  const group = context.request.runAsGroup;
  if (group === null) return null;
  return lists.match(
    'Runas_Alias',
    members ?? [],
    (member) => isGroup(member, group, context),
    settle,
  );
}

function both(byUser: Matched, byGroup: Matched): Matched {
  if (byUser === false || byGroup === false) return false;
  return byUser === byGroup ? byUser : null;
}

/** A group that whom to run as is in anyhow needs no rule. */
function isInTarget({ request }: MatchContext): Matched {
  return request.runAs.groups.some(({ gid }) => gid === request.runAsGroup?.gid) || null;
}

function himself({ request }: MatchContext): Matched {
  return request.user.name === request.runAs.name || null;
}

function defaultRunAs({ settings }: MatchContext): Member {
  const name = settings.get('runas_default');
  return {
    kind: 'word',
    name: typeof name === 'string' ? name : 'root',
    negated: false,
    args: null,
    digests: [],
  };
}
