import { isAtLeast } from '../engine.ts';

/**
 * What differs between versions of the C sudo in the reading of sudoers files: since which version. From the project's NEWS, from
 * its lexer and grammar (plugins/sudoers/toke.l and gram.y) and from recorded answers of ten builds.
 */
const since = {
  /** `Cmd_Alias` for `Cmnd_Alias`. */
  cmdAlias: '1.9.0',
  /** A line may end in CR LF. */
  crlf: '1.8.28',
  /** A `#include` in a last line without newline counts. */
  includeWithoutNewline: '1.9.0',
  /** `@include`, `@includedir`, quotes and escapes in their paths, `Defaults` and aliases that name a file and column. */
  atInclude: '1.9.1',
  /** What is wrong is left out, the rest counts; messages have a column and show the line. */
  recovers: '1.9.3',
  cwdAndChroot: '1.9.3',
  /** An entry ends with its line, and the last line gets a newline where it has none. */
  entriesEndWithLine: '1.9.4',
  /** Reserved words are refused as names of aliases, in words of their own. */
  reservedAliasNames: '1.9.4',
  /** The lexer's own word for what is wrong comes when the parser stumbles, not when the lexer does. */
  lexerErrorsWait: '1.9.6',
  /** The rest of a line after a NUL byte is ignored. */
  nulEndsLine: '1.9.6',
  /** The parts of a time have two digits, all of them. */
  strictTimes: '1.9.6',
  intercept: '1.9.8',
  /** `+=` and `-=` are refused for what is no list. */
  operatorsOfLists: '1.9.8',
  commandTooLong: '1.9.9',
  regularExpressions: '1.9.10',
  apparmor: '1.9.11',
  /** The line of a rule is its own, not the one after it. */
  ruleLineIsItsOwn: '1.9.11',
  /** Bad Defaults are shown like syntax errors, without `sudo: ` before them, and with their own column. */
  defaultsLikeSyntax: '1.9.11',
  /** Files are opened, then looked at. */
  opensFirst: '1.9.12',
  /** An include that cannot be read costs nothing else. */
  includeFailureIsLocal: '1.9.13',
  listCommand: '1.9.13p3',
  includeDepthPlain: '1.9.14',
  /** The path of an include is a list with colons, of which the first file that there is counts. */
  pathLists: '1.9.14',
  /** `(:group)` means the user himself, and the group. */
  groupAloneIsMyself: '1.9.14',
  /** Settings for a command count where it is asked whether root may use sudo. */
  rootIsAskedLast: '1.9.14',
  /** A command and a rule's path must lie in one directory, not only be one file. */
  comparesDirectories: '1.9.14',
  /** `()` without `-u` is for whoever gives `-g`. */
  myselfNeedsGroup: '1.9.14p3',
  /** One source of rules is the rule, and no longer said. */
  quietAboutSources: '1.9.15',
  slashInHostReplaced: '1.9.15',
  /** A choice without value is no longer taken for a syslog facility. */
  choicesNeedValues: '1.9.15',
  /** CWD= and CHROOT= take quotes. */
  quotedPaths: '1.9.16',
  selinuxWordsAlways: '1.9.16',
  duplicateAliasNamesFirst: '1.9.16p1',
  chrootDeprecated: '1.9.17p1',
  digestLists: '1.9.0',
  groupsInQuotedDefaults: '1.8.28',
  timeouts: '1.8.20',
  mailTags: '1.8.13',
  followTags: '1.8.15',
  /** Bad Defaults are shown with file and line. */
  defaultsHaveLines: '1.8.20',
  badIncludeDirectoryIsIgnored: '1.8.18',
  uidRules: '1.8.16',
} as const;

export type ClassicFeature = keyof typeof since;

export type ClassicFeatures = Readonly<Record<ClassicFeature, boolean>> & {
  readonly version: string;
};

export function classicFeatures(version: string): ClassicFeatures {
  const entries = Object.entries(since).map(
    ([feature, least]) => [feature, isAtLeast(version, least)] as const,
  );
  return { ...(Object.fromEntries(entries) as Record<ClassicFeature, boolean>), version };
}
