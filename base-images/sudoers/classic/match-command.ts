import { createHash } from 'node:crypto';
import type { Digest, Member } from '../policy.ts';
import type { Request } from '../request.ts';
import { matchesShellPattern } from '../shell-pattern.ts';
import type { Snapshot } from '../snapshot.ts';
import { expandGlob } from './expand-glob.ts';
import type { MatchContext } from './match-context.ts';
import { posixRegex } from './posix-regex.ts';

/** Is it this command, with these arguments? As plugins/sudoers/match_command.c. */
export function matchesCommand(member: Member, context: MatchContext): boolean {
  const { request, snapshot } = context;
  const { command } = request;
  if (member.kind === 'all')
    return (
      member.digests.length === 0 || (command !== null && hasDigest(command.path, member, snapshot))
    );
  if (member.kind !== 'command' || command === null) return false;
  const pattern = member.name;
  if (pattern === 'sudoedit' || pattern === 'list') {
    return command.path === pattern && matchesArguments(member, command.args, context);
  }
  if (!matchesPath(pattern, command.path, context)) return false;
  return (
    (pattern.endsWith('/') || matchesArguments(member, command.args, context)) &&
    hasDigest(command.path, member, snapshot)
  );
}

type Command = NonNullable<Request['command']>;

function matchesPath(pattern: string, path: Command['path'], context: MatchContext): boolean {
  const { snapshot, settings } = context;
  if (pattern.startsWith('^')) {
    const regex =
      context.features.regularExpressions && pattern.endsWith('$') ? posixRegex(pattern) : null;
    return regex !== null && namesOf(path, context).some((name) => regex.test(name));
  }
  if (!hasMeta(pattern)) return matchesPlainPath(pattern, path, context);
  if (settings.get('fast_glob') === true)
    return namesOf(path, context).some((name) =>
      matchesShellPattern(pattern, name, { pathname: true }),
    );
  return expandGlob(pattern, baseName(path), snapshot).some((plain) =>
    matchesPlainPath(plain, path, context),
  );
}

/** A path without wildcards: a directory, which means what lies in it, or a file, which may be reached by other ways. */
function matchesPlainPath(plain: string, path: Command['path'], context: MatchContext): boolean {
  const { snapshot } = context;
  const name = baseName(path);
  if (plain.endsWith('/')) {
    const place = `${plain}${name}`;
    return sameFile(place, path, snapshot) && sameDirectory(place, path, context);
  }
  if (plain === path) return true;
  return (
    baseName(plain) === name &&
    sameFile(plain, path, snapshot) &&
    sameDirectory(plain, path, context)
  );
}

/** Newer versions compare where the directories lie as well. */
function sameDirectory(a: string, b: string, { features, snapshot }: MatchContext): boolean {
  return !features.comparesDirectories || canonicalPath(a, snapshot) === canonicalPath(b, snapshot);
}

function hasMeta(pattern: string): boolean {
  return /[\\?*[\]]/.test(pattern);
}

/** The path as it was given, where there is such a file; newer versions try it from where its directory lies as well. */
function namesOf(path: string, { features, snapshot }: MatchContext): string[] {
  const canonical = features.comparesDirectories ? canonicalPath(path, snapshot) : null;
  const names = [path, ...(canonical === null ? [] : [canonical])];
  return names.filter((name) => name.startsWith('/') && exists(name, snapshot));
}

function matchesArguments(
  member: Member,
  args: readonly string[],
  { features }: MatchContext,
): boolean {
  if (member.args === null) return true;
  if (member.args === '""') return args.length === 0;
  const joined = args.join(' ');
  if (features.regularExpressions && member.args.startsWith('^') && member.args.endsWith('$'))
    return posixRegex(member.args)?.test(joined) ?? false;
  return matchesShellPattern(member.args, joined, { pathname: member.name === 'sudoedit' });
}

function exists(path: string, snapshot: Snapshot): boolean {
  const looked = snapshot.look(path);
  return looked.error === null && looked.type === 'file';
}

function sameFile(a: string, b: string, snapshot: Snapshot): boolean {
  const [one, other] = [snapshot.look(a), snapshot.look(b)];
  return (
    one.error === null &&
    other.error === null &&
    one.type === 'file' &&
    one.realPath === other.realPath
  );
}

/** The directory's own place, with the name as it was given. */
function canonicalPath(path: string, snapshot: Snapshot): string | null {
  const directory = snapshot.look(path.slice(0, path.lastIndexOf('/')) || '/');
  return directory.error === null
    ? `${directory.realPath === '/' ? '' : directory.realPath}/${baseName(path)}`
    : null;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function hasDigest(path: string, member: Member, snapshot: Snapshot): boolean {
  if (member.digests.length === 0) return true;
  const text = snapshot.read(path);
  return text !== null && member.digests.some((digest) => isDigestOf(digest, text));
}

function isDigestOf({ algorithm, value }: Digest, text: string): boolean {
  const hash = createHash(algorithm).update(Buffer.from(text, 'latin1')).digest();
  return (
    hash.toString('hex') === value.toLowerCase() ||
    hash.toString('base64').replace(/=+$/, '') === value.replace(/=+$/, '')
  );
}
