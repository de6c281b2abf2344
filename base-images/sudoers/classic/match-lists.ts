import { type Alias, aliasKey, type AliasType, type Member, type Policy } from '../policy.ts';

/** True allows, false forbids, null says nothing. Of a list, the last member that says something counts. */
export type Matched = boolean | null;

export interface Lists {
  /** Aliases are looked up; `settle` makes of what the members of one come to what it is worth. */
  match(
    type: AliasType,
    members: readonly Member[],
    one: (member: Member) => boolean,
    settle?: (within: Matched) => Matched,
  ): Matched;
}

const maxDepth = 1_000;
const maxSteps = 200_000;

/** An alias that is not defined, or that names itself, is taken for a name; of a command, it says nothing. */
export function createLists(policy: Policy): Lists {
  const open = new Set<Alias>();
  let steps = 0;
  const match: Lists['match'] = (type, members, one, settle = (within) => within) => {
    for (const member of members.toReversed()) {
      const matched = matchOne(type, member, one, settle);
      if (matched !== null) return matched;
    }
    return null;
  };
  const matchOne = (
    type: AliasType,
    member: Member,
    one: (member: Member) => boolean,
    settle: (within: Matched) => Matched,
  ): Matched => {
    steps += 1;
    if (member.kind === 'alias') {
      const alias = policy.aliases.get(aliasKey(type, member.name));
      if (alias !== undefined && !open.has(alias) && steps < maxSteps && open.size < maxDepth) {
        open.add(alias);
        const matched = settle(match(type, alias.members, one, settle));
        open.delete(alias);
        return matched === null ? null : matched !== member.negated;
      }
      if (type === 'Cmnd_Alias') return null;
    }
    return one(member) ? !member.negated : null;
  };
  return { match };
}
