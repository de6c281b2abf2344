import type { Looked, LookedAt, Snapshot } from '../snapshot.ts';
import type { FileAndLine, SkipReason, SudoersRead, SudoersSkip } from '../verdict.ts';
import type { ClassicFeatures } from './classic-features.ts';
import type { PendingFile } from './frames.ts';

import type { Said } from './report.ts';
import type { IncludeRequest, IncludeSource } from './token-source.ts';

export interface SourceOptions {
  readonly snapshot: Snapshot;
  readonly features: ClassicFeatures;
  /** Without its domain, for %h. */
  readonly shortHost: string;
  /** sudo looks at owner and mode before it reads a file; visudo reads it, and looks later. */
  readonly program: 'sudo' | 'visudo';
  say(said: Said): void;
}

export interface Sources extends IncludeSource {
  readonly reads: readonly SudoersRead[];
  readonly skips: readonly SudoersSkip[];
  /** Includes lead to ever more includes. */
  readonly endless: boolean;
  /** The main file is a directory: visudo opens it, and cannot read it. */
  readonly unreadable: boolean;
  openMain(path: string): { path: string; text: string } | null;
}

/** As much is read in all; no sudoers files come near it, but a file that includes itself twice has many more. */
const maxOpened = 30_000;
const maxReadBytes = 16 * 1024 * 1024;

const missing = 'No such file or directory';
const nowhere: Looked = { error: missing };

/** Grown by 16 places at a time, from none; more than 128 are refused when it has to grow. */
const maxDepth = 144;

/** The files that sudo, or visudo, would open, with what it prints of those that it does not. */
export function createSources(options: SourceOptions): Sources {
  const { snapshot, features, program } = options;
  const reads = new Map<string, SudoersRead>();
  const skips = new Map<string, SudoersSkip>();
  let opened = 0;
  let readBytes = 0;
  let unreadable = false;
  /** The list of paths that each open file was found by. */
  const searchedAs = new Map<string, string>();
  /** What visudo opened, by the first path in the list: there it looks first. */
  const knownAs = new Map<string, string>();
  const pathsOf = (list: string): readonly string[] =>
    features.pathLists ? list.split(':').filter((path) => path !== '') : [list];
  const isEndless = (): boolean => opened > maxOpened || readBytes > maxReadBytes;

  const noteRead = (read: SudoersRead): void => {
    opened += 1;
    const key = `${read.path}\n${read.from?.path}\n${read.from?.line}`;
    if (!reads.has(key)) reads.set(key, read);
  };
  const skip = (path: string, why: SkipReason, from: FileAndLine | null): void => {
    skips.set(`${path}\n${from?.path}\n${from?.line}`, { path, why, from });
  };
  /** Prints `PROGRAM: TEXT`. */
  const complain = (
    text: string,
    at: { path: string; from: FileAndLine | null; severity: 'fatal' | 'recovered' },
  ): void => {
    const { path, from, severity } = at;
    const problem = {
      path: from?.path ?? path,
      line: from?.line ?? null,
      column: null,
      what: text,
      severity,
    };
    options.say({ problem, lines: [`${program}: ${text}`] });
  };

  /** The first in a list of paths that there is; the first of all where there is none. */
  const firstOf = (paths: readonly string[]): { path: string; looked: Looked } => {
    let found: { path: string; looked: Looked } = { path: paths[0] ?? '', looked: nowhere };
    const known = program === 'visudo' ? knownAs.get(found.path) : undefined;
    for (const path of known === undefined ? paths : [known]) {
      // What is relative begins where sudo was called, which nobody knows.
      const looked = path.startsWith('/') ? snapshot.look(path) : nowhere;
      if (looked.error === missing) continue;
      found = { path, looked };
      break;
    }
    return found;
  };

  /** Null where it is not read, which has been said. */
  const open = (
    list: string,
    how: SudoersRead['how'],
    from: FileAndLine | null,
  ): PendingFileResult => {
    const found = firstOf(how === 'include' ? pathsOf(list) : [list]);
    const { looked } = found;
    const path = looked.error !== null && program === 'sudo' ? list : found.path;
    const severity = how === 'main' || !features.recovers ? 'fatal' : 'recovered';
    if (looked.error !== null) {
      skip(path, looked.error === missing ? 'missing' : 'bad-path', from);
      const verb = features.opensFirst ? 'open' : 'stat';
      const visudo =
        how === 'main' ? `unable to open ${path}: ${looked.error}` : `${path}: ${looked.error}`;
      complain(program === 'visudo' ? visudo : `unable to ${verb} ${path}: ${looked.error}`, {
        path,
        from,
        severity,
      });
      return null;
    }
    const bad = program === 'visudo' ? badType(looked) : insecure(looked, 'file');
    if (bad !== null) {
      if (how === 'main') unreadable = looked.type === 'directory';
      skip(path, bad, from);
      const shown =
        how === 'includedir' && features.selinuxWordsAlways && program === 'sudo' ? '' : path;
      complain(wordsFor(bad, looked, shown), { path, from, severity });
      return null;
    }
    const text = snapshot.read(path);
    if (text === null) {
      skip(path, 'too-large', from);
      complain(`unable to read ${path}`, { path, from, severity });
      return null;
    }
    noteRead({ path, how, from });
    searchedAs.set(path, list);
    knownAs.set(pathsOf(list)[0] ?? path, path);
    readBytes += text.length;
    return { path, text };
  };

  const openDirectory = (list: string, from: FileAndLine): readonly PendingFile[] => {
    const { path, looked } = firstOf(pathsOf(list));
    if (looked.error !== null) {
      skip(list, 'missing', from);
      return [];
    }
    const bad = insecure(looked, 'directory');
    if (bad !== null) {
      skip(path, bad === 'not-a-file' ? 'not-a-directory' : bad, from);
      const what = bad === 'not-a-file' ? `${list}: Not a directory` : wordsFor(bad, looked, list);
      complain(what, { path, from, severity: 'recovered' });
      return [];
    }
    const files: PendingFile[] = [];
    for (const name of snapshot.names(path) ?? []) {
      const child = `${path}/${name}`;
      const why = ignored(name) ?? (isFile(snapshot.look(child)) ? null : 'not-a-file');
      if (why === null) files.push(() => open(child, 'includedir', from));
      else skip(child, why, from);
    }
    return files;
  };

  return {
    get reads() {
      return [...reads.values()];
    },
    get skips() {
      return [...skips.values()];
    },
    get unreadable() {
      return unreadable;
    },
    get endless() {
      return isEndless();
    },
    openMain: (path) => open(path, 'main', null),
    open: (request) => {
      const { how, from, depth } = request;
      const beside = pathsOf(searchedAs.get(request.from.path) ?? request.from.path);
      const path = expandPath(request, beside, options);
      if (path === null) return 'failed silently';
      if (depth >= maxDepth || isEndless()) {
        skip(path, 'too-deep', from);
        if (!features.lexerErrorsWait) return 'too many levels';
        const what = 'too many levels of includes';
        const prefix = features.includeDepthPlain ? '' : `${program}: `;
        const problem = { ...from, column: null, what, severity: 'recovered' } as const;
        options.say({ problem, lines: [`${prefix}${path}: ${what}`] });
        return 'failed';
      }
      if (how === 'includedir') {
        const files = openDirectory(path, from);
        return files.length === 0 ? 'nothing' : { files };
      }
      const file = open(path, 'include', from);
      return file === null ? 'failed' : { files: [() => file] };
    },
  };
}

type PendingFileResult = ReturnType<PendingFile>;

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
