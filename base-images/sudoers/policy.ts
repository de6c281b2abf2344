import type { FileAndLine } from './verdict.ts';

/** One name in a list of users, groups, hosts or commands. */
export interface Member {
  readonly kind: 'all' | 'alias' | 'word' | 'group' | 'netgroup' | 'network' | 'command' | 'myself';
  /** As it stands, with `%`, `+` or `#`; of a command its path or pattern, or nothing where it is ALL. */
  readonly name: string;
  readonly negated: boolean;
  /** Of a command: null where any arguments go. */
  readonly args: string | null;
  /** Of a command: `sha256:…`; one of them has to be that of the file. */
  readonly digests: readonly Digest[];
}

export interface Digest {
  readonly algorithm: string;
  readonly value: string;
}

export interface CommandRule {
  /** Null where the rule names no users to run as: then it is root, or what runas_default says. */
  readonly runAsUsers: readonly Member[] | null;
  readonly runAsGroups: readonly Member[] | null;
  readonly tags: ReadonlyMap<string, boolean>;
  readonly options: ReadonlyMap<string, string>;
  readonly command: Member;
}

export interface Privilege {
  readonly hosts: readonly Member[];
  readonly commands: readonly CommandRule[];
}

export interface UserRule extends FileAndLine {
  readonly column: number;
  readonly users: readonly Member[];
  readonly privileges: readonly Privilege[];
}

export type AliasType = 'User_Alias' | 'Runas_Alias' | 'Host_Alias' | 'Cmnd_Alias';

export interface Alias extends FileAndLine {
  readonly type: AliasType;
  readonly name: string;
  readonly column: number;
  readonly members: readonly Member[];
}

/** One setting of a Defaults entry. */
export interface Setting extends FileAndLine {
  readonly column: number;
  /** `` for all, `:` users, `>` run-as users, `@` hosts, `!` commands. */
  readonly scope: '' | ':' | '>' | '@' | '!';
  readonly members: readonly Member[];
  readonly name: string;
  readonly operator: 'set' | 'unset' | '+' | '-';
  /** Null for a name alone. */
  readonly value: string | null;
}

export interface Policy {
  readonly rules: readonly UserRule[];
  readonly aliases: ReadonlyMap<string, Alias>;
  readonly settings: readonly Setting[];
}

export function aliasKey(type: AliasType, name: string): string {
  return `${type} ${name}`;
}
