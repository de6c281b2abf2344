import type { CommandRule } from '../policy.ts';
import type { SudoersAnswer } from '../verdict.ts';
import { timeParser } from './durations.ts';
import { createMatcher } from './match.ts';
import type { MatchContext } from './match-context.ts';

/** The last rule that says something of the command decides. As plugins/sudoers/lookup.c, and check.c for the password. */
export function lookUp(context: MatchContext): SudoersAnswer {
  const { request, settings } = context;
  if (request.user.uid === 0 && settings.get('root_sudo') === false) return 'denied';
  const rule = findRule(context);
  if (rule === null) return 'denied';
  const { user, runAs, runAsGroup } = request;
  const becomesHimself = rule.runAsUsers?.some(({ kind }) => kind === 'myself') === true;
  const asHimself =
    (becomesHimself || user.uid === runAs.uid) &&
    (runAsGroup === null || user.groups.some(({ gid }) => gid === runAsGroup.gid));
  if (user.uid === 0 || asHimself) return 'nopasswd';
  const exempt = settings.get('exempt_group');
  if (typeof exempt === 'string' && user.groups.some(({ name }) => name === exempt))
    return 'nopasswd';
  const tag = rule.tags.get('NOPASSWD');
  const asks = tag === undefined ? settings.get('authenticate') !== false : !tag;
  return asks ? 'password' : 'nopasswd';
}

function findRule(context: MatchContext): CommandRule | null {
  const { policy, request } = context;
  const matcher = createMatcher(context);
  for (const rule of policy.rules.toReversed()) {
    if (matcher.users(rule.users, request.user) !== true) continue;
    for (const privilege of rule.privileges.toReversed()) {
      if (matcher.hosts(privilege.hosts) !== true) continue;
      for (const command of privilege.commands.toReversed()) {
        if (!isInTime(command, context) || matcher.runAs(command) !== true) continue;
        const matched = matcher.commands([command.command]);
        if (matched !== null) return matched ? command : null;
      }
    }
  }
  return null;
}

type TimeContext = Pick<MatchContext, 'features' | 'nowMs'>;

function isInTime({ options }: CommandRule, { features, nowMs }: TimeContext): boolean {
  if (nowMs === null) return true;
  const parse = timeParser(features);
  const limit = (name: string): number | null => {
    const text = options.get(name);
    return text === undefined ? null : parse(text);
  };
  const after = limit('NOTAFTER');
  const before = limit('NOTBEFORE');
  // Of both, the later one alone decides: where there is an end, the beginning is not looked at.
  if (after !== null) return nowMs <= after;
  return before === null || nowMs >= before;
}
