import type { Snapshot } from '../snapshot.ts';
import type {
  FileAndLine,
  SkipReason,
  SudoersDirectory,
  SudoersRead,
  SudoersSkip,
} from '../verdict.ts';
import { orderAliases } from './alias-order.ts';
import type { Span } from './char-stream.ts';
import type { Command } from './command-shape.ts';
import { isIgnoredTag } from './command-specs.ts';
import type { LineParserOptions } from './line-options.ts';
import { parseLines } from './lines.ts';
import { createNames } from './names.ts';
import { openSudoers } from './open-sudoers.ts';
import { rustFeatures } from './rust-features.ts';
import type { AliasDefinition, Line, Permission, SettingScope, UserSpecifier } from './syntax.ts';
import { decode, toBytes, toText } from './text.ts';

/** What is wrong, and where; null where no place is named. */
export interface Complaint {
  readonly path: string;
  readonly span: Span | null;
  readonly message: string;
}

export interface Collected {
  readonly rules: readonly Extract<Line, { kind: 'rule' }>[];
  readonly aliases: Aliases;
  /** For whom and what Defaults entries are. */
  readonly scopes: readonly SettingScope[];
  readonly complaints: readonly Complaint[];
  /** Printed while it parses. */
  readonly warnings: readonly string[];
  readonly reads: readonly SudoersRead[];
  readonly skips: readonly SudoersSkip[];
  readonly directories: readonly SudoersDirectory[];
}

export interface Aliases {
  readonly users: readonly AliasDefinition<UserSpecifier>[];
  readonly runAs: readonly AliasDefinition<UserSpecifier>[];
  readonly hosts: readonly AliasDefinition<string>[];
  readonly commands: readonly AliasDefinition<Command>[];
}

const maxIncludes = 128;

/** As much is read in all: a large file that includes itself has many times its size. */
const maxReadCharacters = 16 * 1024 * 1024;

/** Reads the main file, and what it includes. As src/sudoers/mod.rs. */
export function collect(
  snapshot: Snapshot,
  version: string,
  main: { path: string; text: string },
): Collected {
  const collection = createCollection(snapshot, version);
  collection.reads.set('', { path: main.path, how: 'main', from: null });
  process(collection, main.path, main.text);
  const aliases = aliasesOf(collection.lines);
  for (const table of [aliases.users, aliases.hosts, aliases.commands, aliases.runAs]) {
    for (const step of orderAliases<unknown>(table)) {
      if (typeof step === 'string')
        collection.complaints.push({ path: main.path, span: null, message: step });
    }
  }
  return {
    aliases,
    rules: collection.lines.filter((line) => line.kind === 'rule'),
    scopes: collection.lines.flatMap((line) => (line.kind === 'defaults' ? [line.scope] : [])),
    complaints: collection.complaints,
    warnings: collection.warnings,
    reads: [...collection.reads.values()],
    skips: [...collection.skips.values()],
    directories: [...collection.directories.values()],
  };
}

interface Collection {
  readonly snapshot: Snapshot;
  readonly options: LineParserOptions;
  readonly lines: Line[];
  readonly complaints: Complaint[];
  readonly warnings: string[];
  readonly reads: Map<string, SudoersRead>;
  readonly skips: Map<string, SudoersSkip>;
  readonly directories: Map<string, SudoersDirectory>;
  included: number;
  readCharacters: number;
}

function createCollection(snapshot: Snapshot, version: string): Collection {
  const features = rustFeatures(version);
  const warnings: string[] = [];
  const warn = (warning: string): void => void warnings.push(warning);
  return {
    snapshot,
    warnings,
    options: { features, names: createNames(features, snapshot), warn },
    lines: [],
    complaints: [],
    reads: new Map(),
    skips: new Map(),
    directories: new Map(),
    included: 0,
    readCharacters: 0,
  };
}

function process(collection: Collection, path: string, text: string): void {
  collection.readCharacters += text.length;
  for (const parsed of parseLines(text, collection.options)) {
    if (parsed.error === undefined) processLine(collection, path, parsed.line);
    else collection.complaints.push({ path, ...parsed.error });
  }
}

function processLine(collection: Collection, path: string, line: Line): void {
  switch (line.kind) {
    case 'include':
      return include(collection, resolve(path, toBytes(line.path)), {
        how: 'include',
        path,
        span: line.span,
      });
    case 'includedir':
      return includeDirectory(collection, line.path, { path, span: line.span });
    case 'rule':
      if (collection.options.features.ignoredTagsAreNoted) {
        for (const span of ignoredTagsOf(line.permissions)) {
          collection.complaints.push({ path, span, message: 'this tag is ignored by sudo-rs' });
        }
      }
      collection.lines.push(line);
      return;
    default:
      collection.lines.push(line);
  }
}

/** The directive. */
interface Directive {
  readonly path: string;
  readonly span: Span;
}

function include(
  collection: Collection,
  path: string,
  at: Directive & { how: 'include' | 'includedir' },
): void {
  const { options, snapshot, complaints } = collection;
  const { how, ...place } = at;
  if (collection.included >= maxIncludes || collection.readCharacters > maxReadCharacters) {
    skip(collection, path, 'too-deep', place);
    complaints.push({ ...place, message: `include file limit reached opening '${toText(path)}'` });
    return;
  }
  const opened = openSudoers(snapshot, path, { checkDirectory: true });
  if (options.features.ignoredTagsAreNoted || 'text' in opened) collection.included += 1;
  if ('text' in opened) {
    const from = fromOf(place);
    collection.reads.set(keyOf(path, from), { path, how, from });
    process(collection, path, opened.text);
    return;
  }
  skip(collection, path, opened.why, place);
  const message =
    opened.why === 'missing' ? `cannot open sudoers file '${toText(path)}'` : opened.message;
  complaints.push({ ...place, message });
}

function includeDirectory(collection: Collection, name: string, at: Directive): void {
  const { snapshot, complaints } = collection;
  if (name.includes('%h')) {
    skip(collection, toBytes(name), 'bad-path', at);
    const message = `cannot open sudoers file ${name}: percent escape %h in includedir is unsupported`;
    complaints.push({ ...at, message });
    return;
  }
  const path = resolve(at.path, toBytes(name));
  const entries = snapshot.names(path);
  if (entries === null) {
    skip(collection, path, snapshot.look(path).error === null ? 'not-a-directory' : 'missing', at);
    complaints.push({ ...at, message: `cannot open sudoers file ${toText(path)}` });
    return;
  }
  const from = fromOf(at);
  collection.directories.set(keyOf(path, from), { path, from });
  for (const entry of entries) {
    const child = `${path.replace(/\/+$/, '')}/${entry}`;
    const why = ignored(entry);
    if (why === null) include(collection, child, { how: 'includedir', ...at });
    else skip(collection, child, why, at);
  }
}

function skip(collection: Collection, path: string, why: SkipReason, at: Directive): void {
  const from = fromOf(at);
  collection.skips.set(keyOf(path, from), { path, why, from });
}

function fromOf({ path, span }: Directive): FileAndLine {
  return { path, line: span.start.line };
}

function keyOf(path: string, from: FileAndLine): string {
  return `${path}\n${from.path}\n${from.line}`;
}

function ignored(name: string): SkipReason | null {
  if (decode(name) === null) return 'not-utf8';
  if (name.endsWith('~')) return 'tilde';
  return name.includes('.') ? 'dot' : null;
}

/** Relative paths begin where the file lies. */
function resolve(base: string, path: string): string {
  return path.startsWith('/') ? path : `${base.replace(/\/[^/]*$/, '')}/${path}`;
}

function ignoredTagsOf(permissions: readonly Permission[]): Span[] {
  return permissions
    .flatMap(({ commands }) => commands)
    .flatMap(({ tags }) => tags)
    .filter(isIgnoredTag)
    .map(({ span }) => span);
}

function aliasesOf(lines: readonly Line[]): Aliases {
  return {
    users: lines.flatMap((line) => (line.kind === 'User_Alias' ? line.definitions : [])),
    runAs: lines.flatMap((line) => (line.kind === 'Runas_Alias' ? line.definitions : [])),
    hosts: lines.flatMap((line) => (line.kind === 'Host_Alias' ? line.definitions : [])),
    commands: lines.flatMap((line) => (line.kind === 'Cmnd_Alias' ? line.definitions : [])),
  };
}
