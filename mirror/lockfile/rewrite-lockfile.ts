import type { HomeRegistries } from './home-registries.ts';
import {
  displayUrl,
  type HttpUrl,
  isAt,
  readHttpUrl,
  type RegistryAddress,
  type UrlProblem,
} from './http-url.ts';
import type { Lockfile, LockfileEntry } from './lockfile.ts';
import { fromMirror, type MirrorAddress, type PrefixChange, toMirror } from './mirror-address.ts';
import { findPrefix } from './source-url.ts';

export interface RewriteOptions {
  readonly mirror: MirrorAddress;
  /** Whose URLs are rewritten. */
  readonly registries: readonly RegistryAddress[];
  readonly homes: HomeRegistries;
  readonly direction: 'to-mirror' | 'to-registry';
}

export interface LockfileRewrite {
  /** Byte for byte as before but for the beginnings of the rewritten URLs. */
  readonly text: string;
  readonly changedUrls: number;
  /** What a reader may have expected to be rewritten. */
  readonly leftAlone: readonly LeftUrl[];
}

/** A URL that was left alone, and why: `pinned` ones are named by the project itself. */
export interface LeftUrl {
  readonly name: string;
  readonly version: string | null;
  readonly line: number;
  /** Without credentials and query. */
  readonly url: string;
  readonly reason: UrlProblem | 'pinned';
}

/**
 * Rewrites the registry URLs of a lockfile to a mirror, or back. To the mirror go the URLs at `registries`; back come
 * those at the mirror. Doing it twice changes nothing more, and the way there and back gives the same bytes for a file
 * that had no URLs at the mirror.
 */
export function rewriteLockfile(lockfile: Lockfile, options: RewriteOptions): LockfileRewrite {
  const parts: string[] = [];
  const leftAlone: LeftUrl[] = [];
  let position = 0;
  let changedUrls = 0;
  for (const entry of inTextOrder(lockfile.entries)) {
    const { url } = entry;
    const change = changeOf(entry, lockfile, options);
    if (change === null) continue;
    if (typeof change === 'string') {
      leftAlone.push(leftUrl(entry, url.text, change));
      continue;
    }
    parts.push(lockfile.text.slice(position, change.start), change.text);
    position = change.end;
    changedUrls += 1;
  }
  parts.push(lockfile.text.slice(position));
  return { text: parts.join(''), changedUrls, leftAlone };
}

type EntryWithUrl = LockfileEntry & { readonly url: NonNullable<LockfileEntry['url']> };

function inTextOrder(entries: readonly LockfileEntry[]): EntryWithUrl[] {
  return entries
    .flatMap((entry) => (entry.url === null ? [] : [{ ...entry, url: entry.url }]))
    .toSorted((left, right) => left.url.start - right.url.start);
}

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What becomes of an entry's URL: a splice, the reason why it stays though it may be wanted otherwise, or null. */
function changeOf(
  { url, source }: EntryWithUrl,
  { kind, text }: Lockfile,
  options: RewriteOptions,
): Splice | LeftUrl['reason'] | null {
  const read = readHttpUrl(url.text);
  if (read.type === 'other') return null;
  if (read.type === 'problem') return read.problem;
  if (!isConcerned(read.url, options)) return null;
  if (source === 'url') return 'pinned';
  const change = prefixChange(read.url, options, options.homes[kind]);
  if (change === null) return 'spelling';
  const place = findPrefix(text, url, change.from);
  const written = place?.spelling(change.to) ?? null;
  if (place === null || written === null) return 'spelling';
  return { start: place.start, end: place.end, text: written };
}

/** Whether the URL is one of those that the direction is about. */
function isConcerned(url: HttpUrl, { mirror, registries, direction }: RewriteOptions): boolean {
  if (isAt(url, mirror)) return direction === 'to-registry';
  return direction === 'to-mirror' && registries.some((registry) => isAt(url, registry));
}

function prefixChange(
  url: HttpUrl,
  { mirror, direction }: RewriteOptions,
  home: string,
): PrefixChange | null {
  return direction === 'to-mirror' ? toMirror(url, mirror, home) : fromMirror(url, mirror, home);
}

/** What is said of an entry whose URL stays. */
function leftUrl(
  { name, version, line }: LockfileEntry,
  url: string,
  reason: LeftUrl['reason'],
): LeftUrl {
  return { name, version, line, url: displayUrl(url), reason };
}
