import { type Alias, aliasKey, type AliasType, type Member, type Policy } from '../policy.ts';
import type { ClassicFeatures } from './classic-features.ts';
import type { Said } from './report.ts';

/** What visudo says of aliases: those that rules name and nobody defines, circles, and those that nothing uses. Never an error. */
export function checkAliases(policy: Policy, features: ClassicFeatures): Said[] {
  const said: Said[] = [];
  const warned = new Set<string>();
  const used = new Set<Alias>();
  const sound = new Set<Alias>();
  let steps = 0;
  /** False where it found something to say. */
  const check = (member: Member, type: AliasType, at: Place): boolean => {
    steps += 1;
    if (member.kind !== 'alias' || steps > maxSteps || used.size > maxDepth) return true;
    const alias = policy.aliases.get(aliasKey(type, member.name));
    if (alias !== undefined && sound.has(alias)) return true;
    if (alias !== undefined && !used.has(alias)) {
      used.add(alias);
      let right = true;
      for (const inner of alias.members) right = check(inner, type, alias) && right;
      used.delete(alias);
      if (right) sound.add(alias);
      return right;
    }
    if (features.lexerErrorsWait && warned.has(member.name)) return false;
    warned.add(member.name);
    const quoted = `${type} "${member.name}"`;
    said.push(
      warning(
        alias === undefined ? `${quoted} referenced but not defined` : `cycle in ${quoted}`,
        at,
        features,
      ),
    );
    return false;
  };
  for (const rule of policy.rules) {
    for (const member of rule.users) check(member, 'User_Alias', rule);
    for (const privilege of rule.privileges) {
      for (const member of privilege.hosts) check(member, 'Host_Alias', rule);
      for (const { runAsUsers, runAsGroups, command } of privilege.commands) {
        for (const member of [...(runAsUsers ?? []), ...(runAsGroups ?? [])])
          check(member, 'Runas_Alias', rule);
        check(command, 'Cmnd_Alias', rule);
      }
    }
  }
  return [...said, ...unusedAliases(policy, features)];
}

/** Aliases of aliases of aliases: nobody has so many, but a file can. */
const maxDepth = 1_000;
const maxSteps = 200_000;

interface Place {
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

function warning(what: string, at: Place, features: ClassicFeatures): Said {
  const { path, line, column } = at;
  const place = features.recovers ? `${path}:${line}:${column}: ` : `${path}:${line} `;
  const prefix = features.defaultsLikeSyntax ? '' : 'Warning: ';
  const problem = {
    path,
    line,
    column: features.recovers ? column : null,
    what,
    severity: 'visudo-only',
  } as const;
  return { problem, lines: [`${prefix}${place}${what}`] };
}

const scopes = {
  '': null,
  ':': 'User_Alias',
  '>': 'Runas_Alias',
  '@': 'Host_Alias',
  '!': 'Cmnd_Alias',
} as const;

const typeOrder: readonly AliasType[] = ['Host_Alias', 'Cmnd_Alias', 'User_Alias', 'Runas_Alias'];

function unusedAliases(policy: Policy, features: ClassicFeatures): Said[] {
  const unused = new Map(policy.aliases);
  const use = (member: Member, type: AliasType): void => {
    const pending = [member];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (next.kind !== 'alias') continue;
      const key = aliasKey(type, next.name);
      const alias = unused.get(key);
      if (alias === undefined) continue;
      unused.delete(key);
      for (const inner of alias.members) pending.push(inner);
    }
  };
  for (const rule of policy.rules) {
    for (const member of rule.users) use(member, 'User_Alias');
    for (const privilege of rule.privileges) {
      for (const member of privilege.hosts) use(member, 'Host_Alias');
      for (const { runAsUsers, runAsGroups, command } of privilege.commands) {
        for (const member of [...(runAsUsers ?? []), ...(runAsGroups ?? [])])
          use(member, 'Runas_Alias');
        use(command, 'Cmnd_Alias');
      }
    }
  }
  for (const { scope, members } of policy.settings) {
    const type = scopes[scope];
    if (type !== null) for (const member of members) use(member, type);
  }
  return [...unused.values()].sort(byName).map((alias) => {
    const said = warning(`unused ${alias.type} "${alias.name}"`, alias, features);
    return {
      ...said,
      lines: said.lines.map((line) => (line.startsWith('Warning: ') ? line : `Warning: ${line}`)),
    };
  });
}

function byName(a: Alias, b: Alias): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return typeOrder.indexOf(a.type) - typeOrder.indexOf(b.type);
}
