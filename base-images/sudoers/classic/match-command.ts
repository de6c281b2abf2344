import { createHash } from 'node:crypto';
import type { Digest, Member } from '../policy.ts';
import type { Request } from '../request.ts';
import { matchesShellPattern } from '../shell-pattern.ts';
import type { Snapshot } from '../snapshot.ts';
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
    return (
      context.features.regularExpressions &&
      pattern.endsWith('$') &&
      path.startsWith('/') &&
      (posixRegex(pattern)?.test(path) ?? false)
    );
  }
  const name = baseName(path);
  if (pattern.endsWith('/')) {
    const place = `${pattern}${name}`;
    return (
      !hasMeta(pattern) && sameFile(place, path, snapshot) && sameDirectory(place, path, context)
    );
  }
  if (hasMeta(pattern)) {
    const candidates =
      settings.get('fast_glob') === true ? [path] : sameNames(path, pattern, snapshot);
    return candidates.some((candidate) =>
      matchesShellPattern(pattern, candidate, { pathname: true }),
    );
  }
  if (pattern === path) return true;
  return (
    baseName(pattern) === name &&
    sameFile(pattern, path, snapshot) &&
    sameDirectory(pattern, path, context)
  );
}

/** Newer versions compare where the directories lie as well. */
function sameDirectory(a: string, b: string, { features, snapshot }: MatchContext): boolean {
  return !features.comparesDirectories || canonicalPath(a, snapshot) === canonicalPath(b, snapshot);
}

function hasMeta(pattern: string): boolean {
  return /[\\?*[\]]/.test(pattern);
}

/** The ways to write the path that may match: as it is, from where its directory lies, and from the directory that the pattern names. */
function sameNames(path: string, pattern: string, snapshot: Snapshot): string[] {
  const directory = pattern.slice(0, pattern.lastIndexOf('/'));
  const canonical = canonicalPath(path, snapshot);
  const named = `${directory}/${baseName(path)}`;
  const within = !hasMeta(directory) && canonicalPath(named, snapshot) === canonical;
  return [path, canonical ?? path, ...(within ? [named] : [])].filter((candidate) =>
    exists(candidate, snapshot),
  );
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
