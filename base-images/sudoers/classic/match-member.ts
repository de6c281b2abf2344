import type { Account, Group } from '../accounts.ts';
import type { Member } from '../policy.ts';
import { matchesShellPattern } from '../shell-pattern.ts';
import type { MatchContext } from './match-context.ts';

/** Is a user, or one to run as, meant by a member that is no alias? Netgroups are asked of a directory service, which no image has. */
export function isUser(member: Member, account: Account, context: MatchContext): boolean {
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
  const { settings, accounts } = context;
  if (account.groups.some(({ gid }) => isId(name, gid))) return true;
  if (settings.get('match_group_by_gid') === true) {
    const named = accounts.group(name);
    return named !== null && account.groups.some(({ gid }) => gid === named.gid);
  }
  const insensitive = settings.get('case_insensitive_group');
  return account.groups.some(
    (group) => group.name !== '' && sameName(name, group.name, insensitive, context),
  );
}

export function isGroup(member: Member, group: Group, context: MatchContext): boolean {
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

export function isHost(member: Member, { request }: MatchContext): boolean {
  if (member.kind === 'all') return true;
  if (member.kind !== 'word' && member.kind !== 'alias') return false;
  const long = fold(request.host);
  const host = member.name.includes('.') ? long : (long.split('.')[0] ?? '');
  const name = fold(member.name);
  return /[\\?*[\]]/.test(name)
    ? matchesShellPattern(name, host, { pathname: false })
    : name === host;
}
