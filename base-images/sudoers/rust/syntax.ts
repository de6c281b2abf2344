import type { Span } from './char-stream.ts';
import type { Command } from './command-shape.ts';
import type { Meta } from './token-shapes.ts';

/** A name or a number. */
export type Identifier = { readonly name: string } | { readonly id: number };

export interface UserSpecifier {
  /** `plugin`: `%:name`, of a group that is none of the system's. */
  readonly kind: 'user' | 'group' | 'plugin';
  readonly who: Identifier;
}

export interface Qualified<Value> {
  readonly negated: boolean;
  readonly meta: Meta<Value>;
}

export interface RunAs {
  readonly users: readonly Qualified<UserSpecifier>[];
  readonly groups: readonly Qualified<Identifier>[];
}

export interface Tag {
  readonly name: string;
  readonly span: Span;
}

export interface CommandSpec {
  readonly runAs: RunAs | null;
  readonly tags: readonly Tag[];
  readonly command: Qualified<Command>;
}

export interface Permission {
  readonly hosts: readonly Qualified<string>[];
  readonly commands: readonly CommandSpec[];
}

export interface AliasDefinition<Value> {
  readonly name: string;
  readonly members: readonly Qualified<Value>[];
}

export type SettingScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'hosts'; readonly members: readonly Qualified<string>[] }
  | { readonly kind: 'users' | 'run-as'; readonly members: readonly Qualified<UserSpecifier>[] }
  | { readonly kind: 'commands'; readonly members: readonly Qualified<Command>[] };

/** One line of a file. */
export type Line =
  | {
      readonly kind: 'rule';
      readonly users: readonly Qualified<UserSpecifier>[];
      readonly permissions: readonly Permission[];
    }
  | {
      readonly kind: 'User_Alias' | 'Runas_Alias';
      readonly definitions: readonly AliasDefinition<UserSpecifier>[];
    }
  | { readonly kind: 'Host_Alias'; readonly definitions: readonly AliasDefinition<string>[] }
  | { readonly kind: 'Cmnd_Alias'; readonly definitions: readonly AliasDefinition<Command>[] }
  | { readonly kind: 'defaults'; readonly scope: SettingScope }
  | { readonly kind: 'include' | 'includedir'; readonly path: string; readonly span: Span }
  | { readonly kind: 'comment' };
