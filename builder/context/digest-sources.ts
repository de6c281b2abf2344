import { type BytePath, createDigestHasher, type Digest, digestOf } from '../../src/index.ts';
import { type DigestCache, isSettled, sameStat } from './digest-cache.ts';
import type { SelectedEntry, Selection, TreeSelection } from './select-sources.ts';
import type { SourceTree } from './source-tree.ts';

export interface DigestRequest {
  /** Where the selection was made. */
  readonly tree: SourceTree;
  /** `replaced` for a copy with --chown: then the owners of the sources do not count. */
  readonly owners: 'counted' | 'replaced';
  readonly cache?: DigestCache;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly signal?: AbortSignal;
  /** Told the digest of each file's content, so that whoever copies it can see that it is the same. */
  readonly onContent?: (sourcePath: BytePath, digest: Digest) => void;
}

/** Files read at the same time. */
const concurrency = 4;

/**
 * The digest of all that a copy takes from its sources, for cache keys: of each entry the destination path, kind,
 * mode, owner, link target, device number, extended attributes, content and which others are names of the same file, in
 * the order of the destination paths. Of a directory whose contents alone are copied nothing counts but that it is one,
 * and times do not count, as with Docker. The content of a file that `cache` knows is not read.
 */
export async function digestSources(selection: Selection, request: DigestRequest): Promise<Digest> {
  const contents = await digestContents(selection.entries, request);
  const linked = numberLinked(selection.entries);
  const records = selection.entries.map((entry, index) => ({
    path: entry.destinationPath,
    text: JSON.stringify([
      ...recordOf(entry, contents[index] ?? '', request.owners),
      ...(linked.get(fileOf(entry)) ?? []),
    ]),
  }));
  // The sort is stable: of two entries for one path the later one stays the later one.
  records.sort((left, right) => compare(left.path, right.path));
  const hasher = createDigestHasher();
  for (const { text } of records) hasher.update(`${text}\n`);
  return hasher.digest();
}

function recordOf(
  entry: SelectedEntry,
  content: string,
  owners: DigestRequest['owners'],
): readonly unknown[] {
  const { kind, destinationPath } = entry;
  if (entry.origin === 'inline') return [destinationPath, kind, entry.mode, [0, 0], content];
  if (entry.existing === 'keep') return [destinationPath, kind, entry.existing];
  const { mode, uid, gid, target, device, xattrs = [] } = entry.entry;
  return [
    destinationPath,
    kind,
    kind === 'symlink' ? 0o777 : mode,
    owners === 'counted' ? [uid, gid] : [0, 0],
    content,
    target ?? '',
    device === undefined ? [] : [device.major, device.minor],
    xattrs.map(({ name, value }) => [name, value.toString('base64')]),
    entry.existing,
    entry.unpackInto ?? '',
  ];
}

/** Files that have several names among the entries are numbered, so that records tell which names are whose. */
function numberLinked(
  entries: readonly SelectedEntry[],
): ReadonlyMap<object | undefined, readonly [number]> {
  const seen = new Set<object>();
  const linked = new Map<object | undefined, readonly [number]>();
  for (const entry of entries) {
    const file = fileOf(entry);
    if (file === undefined) continue;
    if (seen.has(file) && !linked.has(file)) linked.set(file, [linked.size]);
    seen.add(file);
  }
  return linked;
}

function fileOf(entry: SelectedEntry): object | undefined {
  return entry.origin === 'tree' ? entry.file : undefined;
}

async function digestContents(
  entries: readonly SelectedEntry[],
  request: DigestRequest,
): Promise<string[]> {
  const contents: string[] = Array.from({ length: entries.length }, () => '');
  const ofFiles = new Map<object, Promise<string>>();
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next; index < entries.length; index = next) {
      next += 1;
      const entry = entries[index];
      if (entry === undefined) continue;
      const file = fileOf(entry);
      const content =
        (file === undefined ? undefined : ofFiles.get(file)) ?? contentOf(entry, request);
      if (file !== undefined) ofFiles.set(file, content);
      contents[index] = await content;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return contents;
}

/** What names the content of an entry; empty where it has none. */
async function contentOf(entry: SelectedEntry, request: DigestRequest): Promise<string> {
  if (entry.origin === 'inline') return digestOf(Buffer.from(entry.content, 'utf8'));
  if (entry.kind !== 'file') return '';
  const { contentKey } = entry.entry;
  if (contentKey !== undefined) return `key:${contentKey}`;
  const digest = await digestFile(entry, request);
  request.onContent?.(entry.sourcePath, digest);
  return digest;
}

async function digestFile(
  { sourcePath, entry }: TreeSelection,
  { tree, cache, now, signal }: DigestRequest,
): Promise<Digest> {
  const { stat } = entry;
  const known = stat === undefined ? undefined : cache?.get(stat);
  if (known !== undefined) return known;
  const lookedAtMs = now();
  const hasher = createDigestHasher();
  for await (const bytes of tree.readFile(sourcePath, signal)) hasher.update(bytes);
  const digest = hasher.digest();
  if (cache === undefined || stat === undefined || !isSettled(stat, lookedAtMs)) return digest;
  // The file was as `stat` says when the reading ended, if it still is now.
  const after = (await tree.lstat(sourcePath))?.stat;
  if (after !== undefined && sameStat(after, stat)) cache.put(stat, digest);
  return digest;
}

function compare(left: BytePath, right: BytePath): number {
  if (left < right) return -1;
  return left > right ? 1 : 0;
}
