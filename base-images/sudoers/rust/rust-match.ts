import type { Account, Group } from '../accounts.ts';
import type { Request } from '../request.ts';
import type { Snapshot } from '../snapshot.ts';
import type { SudoersAnswer } from '../verdict.ts';
import { orderAliases } from './alias-order.ts';
import type { Collected } from './collect.ts';
import { canonical, type Command } from './command-shape.ts';
import { matchesGlob } from './rust-glob.ts';
import type { RustFeatures } from './rust-features.ts';
import type {
  AliasDefinition,
  CommandSpec,
  Identifier,
  Qualified,
  RunAs,
  UserSpecifier,
} from './syntax.ts';
import { toText } from './text.ts';

/** A rule that older versions stumble over: they end, and nothing is run. */
export class EngineCrash extends Error {}

/** The last command of all rules for this user, host and run-as user that says something decides. As src/sudoers/mod.rs. */
export function lookUpRust(
  collected: Collected,
  request: Request,
  { features, snapshot }: { readonly features: RustFeatures; readonly snapshot: Snapshot },
): SudoersAnswer {
  const { aliases, rules } = collected;
  const isUser = (account: Account) => (who: UserSpecifier) => userMatches(who, account, features);
  const path = request.command === null ? null : toText(request.command.path);
  const place = path === null ? null : canonical(path, snapshot);
  const isCommand = (command: Command): boolean =>
    place !== null &&
    matchesGlob(command.pattern, place) &&
    takesArguments(command, request.command?.args ?? []);
  const group = request.runAsGroup ?? { name: '', gid: request.runAs.gid };

  const userAliases = membership(aliases.users, isUser(request.user));
  const hostAliases = membership(aliases.hosts, (name) => name === request.host);
  const commandAliases = membership(aliases.commands, isCommand);
  const runAsUserAliases = membership(aliases.runAs, isUser(request.runAs));
  const runAsGroupAliases = membership(
    aliases.runAs,
    (who) => who.kind === 'user' && groupMatches(who.who, group),
  );

  // Nothing of the Defaults entries decides who may do what, but whether they hold is asked first.
  for (const scope of collected.scopes) {
    if (scope.kind === 'users') find(scope.members, isUser(request.user), userAliases);
    if (scope.kind === 'run-as') find(scope.members, isUser(request.runAs), runAsUserAliases);
  }

  const staysInGroup = isIn(request.runAs, group);
  const mayRunAs = (runAs: RunAs | null): boolean => {
    if (runAs === null) return request.runAs.uid === 0 && staysInGroup;
    const other = request.runAs.uid !== request.user.uid;
    if (other || (staysInGroup && runAs.users.length > 0)) {
      if (find(runAs.users, isUser(request.runAs), runAsUserAliases) !== true) return false;
    }
    return (
      staysInGroup ||
      find(runAs.groups, (who) => groupMatches(who, group), runAsGroupAliases) === true
    );
  };

  let decided: boolean | null = null;
  let asks = true;
  for (const rule of rules) {
    if (find(rule.users, isUser(request.user), userAliases) !== true) continue;
    for (const permission of rule.permissions) {
      if (find(permission.hosts, (name) => name === request.host, hostAliases) !== true) continue;
      for (const { runAs, password, command } of distribute(permission.commands)) {
        if (!mayRunAs(runAs)) continue;
        const found = find([command], isCommand, commandAliases);
        if (found === null) continue;
        decided = found;
        asks = password;
      }
    }
  }
  if (decided !== true) return 'denied';
  const himself = request.user.uid === request.runAs.uid && isIn(request.user, group);
  return !asks || request.user.uid === 0 || himself ? 'nopasswd' : 'password';
}

/** Tags add up over a list of commands, and whom to run as goes on until it is said anew. */
function* distribute(
  specs: readonly CommandSpec[],
): Generator<{ runAs: RunAs | null; password: boolean; command: Qualified<Command> }> {
  let runAs: RunAs | null = null;
  let password = true;
  for (const spec of specs) {
    runAs = spec.runAs ?? runAs;
    for (const { name } of spec.tags) {
      if (name === 'NOPASSWD') password = false;
      if (name === 'PASSWD') password = true;
    }
    yield { runAs, password, command: spec.command };
  }
}

/** Whom an alias takes in, and whom it leaves out by name. */
type Membership = ReadonlyMap<string, boolean>;

/** True allows, false forbids, null says nothing: the last one that says something counts. */
function find<Value>(
  items: readonly Qualified<Value>[],
  matches: (value: Value) => boolean,
  aliases: Membership,
): boolean | null {
  let result: boolean | null = null;
  for (const { negated, meta } of items) {
    if (meta.kind === 'all') result = !negated;
    else if (meta.kind === 'only') {
      if (matches(meta.value)) result = !negated;
    } else {
      const within = aliases.get(meta.name);
      if (within !== undefined) result = within !== negated;
    }
  }
  return result;
}

function membership<Value>(
  table: readonly AliasDefinition<Value>[],
  matches: (value: Value) => boolean,
): Membership {
  const known = new Map<string, boolean>();
  for (const definition of orderAliases(table)) {
    if (typeof definition === 'string') continue;
    const found = find(definition.members, matches, known);
    if (found !== null) known.set(definition.name, found);
  }
  return known;
}

function userMatches(specifier: UserSpecifier, account: Account, features: RustFeatures): boolean {
  const { kind, who } = specifier;
  switch (kind) {
    case 'user':
      return 'id' in who ? who.id === account.uid : who.name === account.name;
    case 'group':
      return account.groups.some((group) => groupMatches(who, group));
    case 'plugin':
      if (!features.pluginGroupsIgnored) throw new EngineCrash();
      return false;
  }
}

function groupMatches(who: Identifier, group: Group): boolean {
  return 'id' in who ? who.id === group.gid : who.name === group.name && group.name !== '';
}

function isIn(account: Account, group: Group): boolean {
  return account.groups.some(({ gid }) => gid === group.gid);
}

function takesArguments(command: Command, args: readonly string[]): boolean {
  const fits = command.more
    ? args.length >= command.args.length
    : args.length === command.args.length;
  return fits && command.args.every((arg, index) => arg === args[index]);
}
