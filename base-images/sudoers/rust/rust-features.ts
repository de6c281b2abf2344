import { isAtLeast } from '../engine.ts';
import { type RustSettingKind, rustSettingKinds } from './rust-setting-kinds.ts';

/** What differs between versions of sudo-rs in the reading of sudoers files, from the history of its src/sudoers. */
const since = {
  /** `@` and `$` in user names, a leading underscore, quoted user lists, AppArmor profiles. */
  widerNames: '0.2.6',
  /** `sudoedit` and `list` as commands, NOEXEC; a command has to begin with a slash. */
  commandWords: '0.2.7',
  unicodeNames: '0.2.7',
  /** The directory of the main file is looked at as well. */
  checksMainDirectory: '0.2.8',
  spaceEscapes: '0.2.9',
  pluginGroupsIgnored: '0.2.9',
  equalsInArguments: '0.2.10',
  refusesRegex: '0.2.11',
  /** Calls itself `sudo` in what it prints, and says at length that there is no sudoers file. */
  namedSudo: '0.2.11',
  ignoredTagsAreNoted: '0.2.12',
  /** A last argument `*` stands for any more, and no other wildcards are taken. */
  argumentPrefix: '0.2.13',
  refusesAddresses: '0.2.13',
  ambiguousSyntax: '0.2.13',
  longIds: '0.2.14',
  reservedWords: '0.2.14',
  continuationIsSpace: '0.2.14',
  tabsInArguments: '0.2.15',
} as const;

export type RustFeature = keyof typeof since;

export type RustFeatures = Readonly<Record<RustFeature, boolean>> & {
  readonly settings: ReadonlyMap<string, RustSettingKind>;
};

export function rustFeatures(version: string): RustFeatures {
  const entries = Object.entries(since).map(
    ([feature, least]) => [feature, isAtLeast(version, least)] as const,
  );
  return {
    ...(Object.fromEntries(entries) as Record<RustFeature, boolean>),
    settings: rustSettingKinds(version),
  };
}
