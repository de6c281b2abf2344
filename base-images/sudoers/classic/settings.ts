import type { Setting } from '../policy.ts';
import type { SudoersProblem } from '../verdict.ts';
import type { ClassicFeatures } from './classic-features.ts';
import type { Said } from './report.ts';
import type { SettingKind } from './setting-kinds.ts';
import { takesValue } from './setting-values.ts';

export interface SettingsOptions {
  readonly features: ClassicFeatures;
  readonly kinds: ReadonlyMap<string, SettingKind>;
  readonly program: 'sudo' | 'visudo';
  /** Does the entry hold here, with what holds already? */
  applies(setting: Setting, soFar: EffectiveSettings): boolean;
  /** Some entries come before others, wherever they stand: what holds after each such turn. */
  afterTurn?(soFar: EffectiveSettings): void;
  say(said: Said): void;
}

/** What holds after all Defaults entries: of flags and texts alone. */
export type EffectiveSettings = ReadonlyMap<string, string | boolean>;

/** These come before all others, wherever they stand. */
const early = new Set([
  'ignore_unknown_defaults',
  'fqdn',
  'match_group_by_gid',
  'group_plugin',
  'runas_default',
  'sudoers_locale',
]);

/** Takes over the Defaults entries that hold here, and says what is wrong with them. `right` where nothing is. */
export function applySettings(
  settings: readonly Setting[],
  options: SettingsOptions,
): { readonly effective: EffectiveSettings; readonly right: boolean } {
  const { features } = options;
  const effective = new Map<string, string | boolean>();
  let right = true;
  for (const isTurn of turns(features)) {
    for (const setting of settings) {
      if (!isTurn(setting) || !options.applies(setting, effective)) continue;
      const wrong = whatIsWrong(setting, options.kinds, features);
      if (wrong !== null) {
        right = false;
        if (wrong.unknown && effective.get('ignore_unknown_defaults') === true) continue;
        for (const what of wrong.words)
          options.say(settingProblem(setting, { ...wrong, what }, options));
        if (!wrong.stored) continue;
      }
      if (!comesTooLate(setting, features)) store(effective, setting);
    }
    options.afterTurn?.(effective);
  }
  return { effective, right };
}

const ofAll = ({ scope }: Setting): boolean => scope !== '!';
const ofRunAs = ({ scope }: Setting): boolean => scope === '>';
const ofCommands = ({ scope }: Setting): boolean => scope === '!';

/** Those for commands come last, when the command has been found. */
function turns(features: ClassicFeatures): ((setting: Setting) => boolean)[] {
  if (!features.defaultsHaveLines)
    return [(setting) => ofAll(setting) && !ofRunAs(setting), ofRunAs, ofCommands];
  return [ofAll, ofCommands].flatMap((isOf) => [
    (setting: Setting) => isOf(setting) && early.has(setting.name),
    (setting: Setting) => isOf(setting) && !early.has(setting.name),
  ]);
}

/** Looks at every entry, whether it holds here or not. */
export function checkSettings(
  settings: readonly Setting[],
  options: Omit<SettingsOptions, 'applies'> & { readonly ignoreUnknown: boolean },
): boolean {
  let right = true;
  for (const setting of settings) {
    const wrong = whatIsWrong(setting, options.kinds, options.features);
    if (wrong === null) continue;
    right = false;
    if (wrong.unknown && options.ignoreUnknown) continue;
    for (const what of wrong.words)
      options.say(settingProblem(setting, { ...wrong, what }, options));
  }
  return right;
}

interface Wrong {
  readonly words: readonly string[];
  readonly unknown: boolean;
  readonly stored: boolean;
}

function whatIsWrong(
  setting: Setting,
  kinds: ReadonlyMap<string, SettingKind>,
  features: ClassicFeatures,
): Wrong | null {
  const { name, operator } = setting;
  const kind = kinds.get(name);
  const wrong = (...words: string[]): Wrong => ({
    words,
    unknown: kind === undefined,
    stored: false,
  });
  const quote = (text: string): string => (features.defaultsHaveLines ? `"${text}"` : `\`${text}'`);
  if (kind === undefined) return wrong(`unknown defaults entry ${quote(name)}`);
  const value = setting.value;
  if (value === null) {
    if (kind.kind === 'flag' || (kind.kind === 'choice' && kind.off)) return null;
    if (kind.kind === 'facility') return null;
    const choiceAsFacility =
      kind.kind === 'choice' && features.defaultsHaveLines && !features.choicesNeedValues;
    if (choiceAsFacility) {
      // Taken for a syslog facility: `authpriv` is no choice, and nothing at all is the first one.
      return operator === 'set'
        ? wrong(`value ${quote('authpriv')} is invalid for option ${quote(name)}`)
        : null;
    }
    return kind.off && operator === 'unset' ? null : wrong(`no value specified for ${quote(name)}`);
  }
  if ((operator === '+' || operator === '-') && kind.kind !== 'list' && features.operatorsOfLists) {
    return wrong(`invalid operator "${operator}=" for ${quote(name)}`);
  }
  if (kind.kind === 'flag') return wrong(`option ${quote(name)} does not take a value`);
  const paths = kind.kind === 'text' ? wrongPath(kind, value, { quote, features }) : [];
  if (paths.length > 0) return wrong(...paths);
  if (takesValue(kind, value, { noneIsPriority: kind.off })) return null;
  return wrong(`value ${quote(value)} is invalid for option ${quote(name)}`);
}

function wrongPath(
  kind: SettingKind,
  value: string,
  { quote, features }: { quote(text: string): string; features: ClassicFeatures },
): string[] {
  const words: string[] = [];
  if (kind.path === null) return words;
  if (features.commandTooLong && value.length >= 4096)
    words.push(`path name for ${quote(kind.name)} too long`);
  if (kind.path === 'anyPath' && !/^[/~]/.test(value) && value !== '*') {
    words.push(`values for ${quote(kind.name)} must start with a '/', '~', or '*'`);
  }
  if (kind.path === 'path' && !value.startsWith('/')) {
    words.push(`values for ${quote(kind.name)} must start with a '/'`);
  }
  return words;
}

function settingProblem(
  setting: Setting,
  wrong: Wrong & { what: string },
  options: Pick<SettingsOptions, 'features' | 'program'>,
): Said {
  const { features, program } = options;
  const { path, line } = setting;
  const { what } = wrong;
  const shifted = wrong.unknown && features.entriesEndWithLine && !features.defaultsLikeSyntax;
  const column = features.recovers ? setting.column + (shifted ? 1 : 0) : null;
  const problem: SudoersProblem = { path, line, column, what, severity: 'warning' };
  if (!features.defaultsHaveLines) return { problem, lines: [`${program}: ${what}`] };
  if (column === null) return { problem, lines: [`${program}: ${path}:${line} ${what}`] };
  const prefix = features.defaultsLikeSyntax ? '' : `${program}: `;
  return { problem, lines: [`${prefix}${path}:${line}:${column}: ${what}`] };
}

/** Whether root may use sudo is asked before the command is looked for, but by newer versions. */
function comesTooLate({ scope, name }: Setting, features: ClassicFeatures): boolean {
  return scope === '!' && name === 'root_sudo' && !features.rootIsAskedLast;
}

function store(effective: Map<string, string | boolean>, setting: Setting): void {
  if (setting.operator === 'unset') effective.set(setting.name, false);
  else if (setting.operator === 'set') effective.set(setting.name, setting.value ?? true);
}
