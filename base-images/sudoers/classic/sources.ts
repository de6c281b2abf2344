import type { Looked, LookedAt, Snapshot } from '../snapshot.ts';
import type { FileAndLine, SkipReason, SudoersRead } from '../verdict.ts';
import type { ClassicFeatures } from './classic-features.ts';
import type { PendingFile } from './frames.ts';
import { createPathLists, missing, type PathLists } from './path-lists.ts';
import type { Said } from './report.ts';
import { createSourceLog, type SourceLog } from './source-log.ts';
import type { IncludeFailure, IncludeRequest, IncludeSource } from './token-source.ts';

export interface SourceOptions {
  readonly snapshot: Snapshot;
  readonly features: ClassicFeatures;
  /** Without its domain, for %h. */
  readonly shortHost: string;
  /** sudo looks at owner and mode before it reads a file; visudo reads it, and looks later. */
  readonly program: 'sudo' | 'visudo';
  say(said: Said): void;
}

export interface Sources
  extends IncludeSource, Pick<SourceLog, 'reads' | 'skips' | 'directories' | 'endless'> {
  /** The main file is a directory: visudo opens it, and cannot read it. */
  readonly unreadable: boolean;
  openMain(path: string): OpenFile | null;
}

type OpenFile = NonNullable<ReturnType<PendingFile>>;

interface Opening {
  readonly options: SourceOptions;
  readonly log: SourceLog;
  readonly lists: PathLists;
}

/** Grown by 16 places at a time, from none; more than 128 are refused when it has to grow. */
const maxDepth = 144;

/** The files that sudo, or visudo, would open, with what it prints of those that it does not. */
export function createSources(options: SourceOptions): Sources {
  const log = createSourceLog();
  const opening: Opening = { options, log, lists: createPathLists(options) };
  let unreadable = false;
  return {
    get reads() {
      return log.reads;
    },
    get skips() {
      return log.skips;
    },
    get directories() {
      return log.directories;
    },
    get unreadable() {
      return unreadable;
    },
    get endless() {
      return log.endless;
    },
    openMain: (path) => {
      const looked = options.snapshot.look(path);
      unreadable = looked.error === null && looked.type === 'directory';
      return openFile(opening, { list: path, how: 'main', from: null });
    },
    open: (request) => openInclude(opening, request),
  };
}

function openInclude(
  opening: Opening,
  request: IncludeRequest,
): { files: readonly PendingFile[] } | IncludeFailure | 'nothing' {
  const { options, log, lists } = opening;
  const { how, from, depth } = request;
  const list = expandPath(request, lists.pathsOf(lists.listOf(request.from.path)), options);
  if (list === null) return 'failed silently';
  if (depth >= maxDepth || log.endless) return tooDeep(opening, list, from);
  if (how === 'includedir') {
    const files = openDirectory(opening, list, from);
    return files.length === 0 ? 'nothing' : { files };
  }
  const file = openFile(opening, { list, how, from });
  return file === null ? 'failed' : { files: [() => file] };
}

function tooDeep({ options, log }: Opening, list: string, from: FileAndLine): IncludeFailure {
  const { features, program } = options;
  log.skip(list, 'too-deep', from);
  if (!features.lexerErrorsWait) return 'too many levels';
  const what = 'too many levels of includes';
  const prefix = features.includeDepthPlain ? '' : `${program}: `;
  const problem = { ...from, column: null, what, severity: 'recovered' } as const;
  options.say({ problem, lines: [`${prefix}${list}: ${what}`] });
  return 'failed';
}

interface Wanted {
  readonly list: string;
  readonly how: SudoersRead['how'];
  readonly from: FileAndLine | null;
}

/** Null where it is not read, which has been said. */
function openFile(opening: Opening, wanted: Wanted): OpenFile | null {
  const { options, log, lists } = opening;
  const { list, how, from } = wanted;
  const { snapshot, features, program } = options;
  const found = lists.firstOf(how === 'include' ? lists.pathsOf(list) : [list]);
  const { looked } = found;
  const path = looked.error !== null && program === 'sudo' ? list : found.path;
  const refuse = (why: SkipReason, words: string): null => {
    log.skip(path, why, from);
    const severity = how === 'main' || !features.recovers ? 'fatal' : 'recovered';
    complain(options, words, { path, from, severity });
    return null;
  };
  if (looked.error !== null)
    return refuse(
      looked.error === missing ? 'missing' : 'bad-path',
      unopenedWords(looked.error, { path, how, options }),
    );
  const bad = program === 'visudo' ? badType(looked) : insecure(looked, 'file');
  if (bad !== null) {
    const isNameless = how === 'includedir' && features.selinuxWordsAlways && program === 'sudo';
    return refuse(bad, wordsFor(bad, looked, isNameless ? '' : path));
  }
  const text = snapshot.read(path);
  if (text === null) return refuse('too-large', `unable to read ${path}`);
  log.read({ path, how, from }, text);
  lists.opened(path, list);
  return { path, text };
}

function unopenedWords(
  error: string,
  { path, how, options }: { path: string; how: SudoersRead['how']; options: SourceOptions },
): string {
  const { features, program } = options;
  if (program === 'visudo')
    return how === 'main' ? `unable to open ${path}: ${error}` : `${path}: ${error}`;
  return `unable to ${features.opensFirst ? 'open' : 'stat'} ${path}: ${error}`;
}

function openDirectory(opening: Opening, list: string, from: FileAndLine): readonly PendingFile[] {
  const { options, log, lists } = opening;
  const { snapshot } = options;
  const { path, looked } = lists.firstOf(lists.pathsOf(list));
  if (looked.error !== null) {
    log.skip(list, 'missing', from);
    return [];
  }
  const bad = insecure(looked, 'directory');
  if (bad !== null) {
    log.skip(path, bad === 'not-a-file' ? 'not-a-directory' : bad, from);
    const what = bad === 'not-a-file' ? `${list}: Not a directory` : wordsFor(bad, looked, list);
    complain(options, what, { path, from, severity: 'recovered' });
    return [];
  }
  log.enter(path, from);
  const files: PendingFile[] = [];
  for (const name of snapshot.names(path) ?? []) {
    const child = `${path}/${name}`;
    const why = ignored(name) ?? (isFile(snapshot.look(child)) ? null : 'not-a-file');
    if (why === null) files.push(() => openFile(opening, { list: child, how: 'includedir', from }));
    else log.skip(child, why, from);
  }
  return files;
}

/** Prints `PROGRAM: TEXT`. */
function complain(
  { program, say }: SourceOptions,
  text: string,
  at: { path: string; from: FileAndLine | null; severity: 'fatal' | 'recovered' },
): void {
  const { path, from, severity } = at;
  const place = { path: from?.path ?? path, line: from?.line ?? null, column: null };
  say({ problem: { ...place, what: text, severity }, lines: [`${program}: ${text}`] });
}

/** Relative paths begin where the file lies, or each of the files that it was looked for as; %h is the host. */
function expandPath(
  request: IncludeRequest,
  beside: readonly string[],
  options: SourceOptions,
): string | null {
  let path = request.path;
  if (path.length > 1 && path.startsWith('"') && path.endsWith('"')) path = path.slice(1, -1);
  if (path === '') return null;
  const host = options.features.slashInHostReplaced
    ? options.shortHost.replaceAll('/', '_')
    : options.shortHost;
  path = path.replaceAll('%h', () => host);
  if (path.startsWith('/')) return path;
  return beside.map((file) => file.slice(0, file.lastIndexOf('/') + 1) + path).join(':');
}

function ignored(name: string): SkipReason | null {
  if (name.endsWith('~')) return 'tilde';
  return name.includes('.') ? 'dot' : null;
}

function isFile(looked: Looked): boolean {
  return looked.error === null && looked.type === 'file';
}

function badType(looked: LookedAt): SkipReason | null {
  return looked.type === 'file' ? null : 'not-a-file';
}

/** Of this type, root's, and written by nobody else. */
function insecure(looked: LookedAt, type: 'file' | 'directory'): SkipReason | null {
  if (looked.type !== type) return 'not-a-file';
  if (looked.uid !== 0) return 'owner';
  if ((looked.mode & 0o002) !== 0) return 'mode';
  return (looked.mode & 0o020) !== 0 && looked.gid !== 0 ? 'mode' : null;
}

function wordsFor(why: SkipReason, looked: LookedAt, shown: string): string {
  switch (why) {
    case 'owner':
      return `${shown} is owned by uid ${looked.uid}, should be 0`;
    case 'mode':
      return (looked.mode & 0o002) === 0
        ? `${shown} is owned by gid ${looked.gid}, should be 0`
        : `${shown} is world writable`;
    default:
      return `${shown} is not a regular file`;
  }
}
