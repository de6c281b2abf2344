import type { Account } from '../accounts.ts';
import type { CommandRule, Member } from '../policy.ts';
import { createLists, type Matched } from './match-lists.ts';
import { matchesCommand } from './match-command.ts';
import type { MatchContext } from './match-context.ts';
import { isHost, isUser } from './match-member.ts';
import { createRunAs } from './match-run-as.ts';

export interface Matcher {
  users(members: readonly Member[], account: Account): Matched;
  hosts(members: readonly Member[]): Matched;
  runAs(lists: Pick<CommandRule, 'runAsUsers' | 'runAsGroups'>): Matched;
  commands(members: readonly Member[]): Matched;
}

/** As plugins/sudoers/match.c. */
export function createMatcher(context: MatchContext): Matcher {
  const lists = createLists(context.policy);
  return {
    users: (members, account) =>
      lists.match('User_Alias', members, (member) => isUser(member, account, context)),
    hosts: (members) => lists.match('Host_Alias', members, (member) => isHost(member, context)),
    commands: (members) =>
      lists.match('Cmnd_Alias', members, (member) => matchesCommand(member, context)),
    runAs: createRunAs(lists, context),
  };
}
