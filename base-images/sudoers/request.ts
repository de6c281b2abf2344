import type { Account, Accounts, Group } from './accounts.ts';
import type { SudoersQuestion } from './verdict.ts';

/** A question with names looked up. */
export interface Request {
  readonly user: Account;
  readonly runAs: Account;
  /** `-u` was given. */
  readonly runAsUserGiven: boolean;
  readonly runAsGroup: Group | null;
  /** Null for any command. */
  readonly command: { readonly path: string; readonly args: readonly string[] } | null;
  readonly host: string;
}

/** Null where the user, or the one to run as, does not exist: no engine runs anything then. */
export function requestOf(
  question: SudoersQuestion,
  accounts: Accounts,
  defaults: { readonly runAs: string; readonly host: string },
): Request | null {
  const user = accounts.user(question.user);
  const group = question.runAsGroup === undefined ? null : groupOf(question.runAsGroup, accounts);
  if (user === null || (group === null && question.runAsGroup !== undefined)) return null;
  const asHimself = question.runAs === undefined && group !== null;
  const runAs = asHimself ? user : userOf(question.runAs ?? defaults.runAs, accounts);
  if (runAs === null) return null;
  const [path, ...args] = question.command === 'ALL' ? [] : question.command;
  return {
    user,
    runAs,
    runAsUserGiven: question.runAs !== undefined,
    runAsGroup: group,
    command: path === undefined ? null : { path, args },
    host: defaults.host,
  };
}

/** `name` or `#uid`. */
function userOf(name: string, accounts: Accounts): Account | null {
  const uid = /^#(\d{1,10})$/.exec(name)?.[1];
  return accounts.user(name) ?? (uid === undefined ? null : accounts.userByUid(Number(uid)));
}

function groupOf(name: string, accounts: Accounts): Group | null {
  const gid = /^#(\d{1,10})$/.exec(name)?.[1];
  return accounts.group(name) ?? (gid === undefined ? null : accounts.groupByGid(Number(gid)));
}
