import type { Setting } from '../policy.ts';
import { createMatcher } from './match.ts';
import type { MatchContext } from './match-context.ts';

/** Is the Defaults entry for this user, host, run-as user or command? */
export function scopeMatches(setting: Setting, context: MatchContext): boolean {
  const matcher = createMatcher(context);
  switch (setting.scope) {
    case ':':
      return matcher.users(setting.members, context.request.user) === true;
    case '>':
      return matcher.runAs({ runAsUsers: setting.members, runAsGroups: null }) === true;
    case '@':
      return matcher.hosts(setting.members) === true;
    case '!':
      return matcher.commands(setting.members) === true;
    case '':
      return true;
  }
}
