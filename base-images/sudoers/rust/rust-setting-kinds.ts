import { isAtLeast } from '../engine.ts';

/** What a setting of a Defaults entry takes. */
export interface RustSettingKind {
  readonly type: 'flag' | 'list' | 'number' | 'text';
  readonly negatable: boolean;
  takes(text: string): boolean;
}

const flag: RustSettingKind = { type: 'flag', negatable: true, takes: () => false };
const list: RustSettingKind = { type: 'list', negatable: true, takes: () => true };
const anyText = (negatable: boolean): RustSettingKind => ({
  type: 'text',
  negatable,
  takes: () => true,
});
const choice = (choices: readonly string[], negatable: boolean): RustSettingKind => ({
  type: 'text',
  negatable,
  takes: (text) => choices.includes(text),
});
const minutes: RustSettingKind = { type: 'number', negatable: true, takes: isMinutes };
const tries: RustSettingKind = {
  type: 'number',
  negatable: false,
  takes: (text) => /^\d+$/.test(text) && Number(text) <= 1000,
};
const mode: RustSettingKind = {
  type: 'number',
  negatable: true,
  takes: (text) => /^0[0-7]+$/.test(text) && Number.parseInt(text, 8) < 2 ** 32,
};

/** Each with the version that brought it; a later row of one name replaces the earlier one. */
const kinds: readonly (readonly [since: string, kind: RustSettingKind, names: string])[] = [
  [
    '0',
    flag,
    'always_query_group_plugin always_set_home env_reset mail_badpass match_group_by_gid use_pty visiblepw env_editor',
  ],
  ['0', tries, 'passwd_tries'],
  ['0', anyText(true), 'secure_path'],
  ['0', choice(['all', 'always', 'any', 'never'], true), 'verifypw'],
  ['0', minutes, 'timestamp_timeout'],
  ['0', list, 'env_keep env_check env_delete'],
  ['0.2.4', flag, 'fqdn lecture pwfeedback rootpw'],
  ['0.2.4', anyText(true), 'mailerpath'],
  ['0.2.5', flag, 'targetpw'],
  ['0.2.6', anyText(true), 'apparmor_profile'],
  ['0.2.6', flag, 'setenv'],
  ['0.2.7', flag, 'ignore_dot noexec insults umask_override'],
  ['0.2.7', mode, 'umask'],
  ['0.2.7', minutes, 'passwd_timeout'],
  ['0.2.8', anyText(false), 'editor'],
  ['0.2.9', flag, 'noninteractive_auth'],
  ['0.2.13', choice(['always', 'once', 'never'], true), 'lecture'],
  ['0.2.14', anyText(true), 'runcwd'],
  ['0.2.15', flag, 'log_allowed log_denied'],
  ['0.2.15', choice(['tty', 'ppid'], false), 'timestamp_type'],
];

/** The settings of this version, by name. */
export function rustSettingKinds(version: string): ReadonlyMap<string, RustSettingKind> {
  const found = new Map<string, RustSettingKind>();
  for (const [since, kind, names] of kinds) {
    if (isAtLeast(version, since)) for (const name of names.split(' ')) found.set(name, kind);
  }
  return found;
}

/** Minutes, with a fraction after a point. */
function isMinutes(text: string): boolean {
  return /^\d+(?:\.\d+)?$/.test(text) && (text.includes('.') || BigInt(text) * 60n < 2n ** 63n);
}
