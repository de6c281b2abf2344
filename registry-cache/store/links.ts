import { createRecentMap, isOciDigest, type OciDigest } from '../../src/network.ts';
import type { CacheContext } from '../cache-context.ts';
import { blobKey, linkKey, type Place } from './cache-keys.ts';

/** What a repository is known to have, as one view sees it. */
export interface Link {
  readonly digest: OciDigest;
  readonly sizeBytes: number;
  readonly kind: 'manifest' | 'blob';
  /** Of a manifest: as upstream gave it. Null for blobs, which have none. */
  readonly mediaType: string | null;
  /** `given` by upstream, or only `stated` in a manifest. */
  readonly source: 'given' | 'stated';
}

/** Without a link nothing is given out: who knows a digest knows nothing more than that. */
export interface Links {
  find(place: Place, digest: OciDigest): Promise<Link | null>;
  /** Known at once; written in the background. A statement does not replace what was given. */
  add(place: Place, links: readonly Link[]): void;
  /** The same as it is in the store where only a statement is known: another process may have been given it meanwhile. */
  latest(place: Place, digest: OciDigest): Promise<Link | null>;
  /** Forgets what was only stated of it, or all that is known: it could not be had like that. */
  doubt(place: Place, digest: OciDigest, what: 'stated' | 'all'): void;
  /** Resolves when all is written. */
  settled(): Promise<void>;
}

/** `onNotKept` is told of what could not be written: it is asked for at upstream again. */
type LinksContext = Pick<CacheContext, 'cache' | 'onNotKept'>;

/** What all repositories of some hundred images name. */
const keptLinks = 100_000;

export function createLinks({ cache, onNotKept }: LinksContext): Links {
  const kept = createRecentMap<Link>(keptLinks);
  const changes = createChanges(onNotKept);

  const load = async (key: string, digest: OciDigest): Promise<Link | null> => {
    const stored = decodeLink(await cache.readRecord(key), digest);
    // What was learned while the store was read is not yet in it.
    const known = kept.get(key);
    if (known?.source === 'given') return known;
    if (stored !== null) kept.set(key, stored);
    return stored ?? known ?? null;
  };
  const write = async (key: string, place: Place, link: Link): Promise<void> => {
    // One that was not in memory may be in the store, and say more.
    const isReplaced =
      link.source === 'stated' && (await load(key, link.digest))?.source === 'given';
    // Only the last of several that came one after the other is worth it.
    if (isReplaced || (kept.get(key) ?? link) !== link) return;
    const record = { repository: place.repository, ...link };
    await cache.writeRecord(key, record, [blobKey(link.digest)]);
  };
  return {
    async find(place, digest) {
      const key = linkKey(place, digest);
      const known = kept.get(key);
      if (known !== undefined) {
        cache.used(key);
        return known;
      }
      return load(key, digest);
    },
    async latest(place, digest) {
      const key = linkKey(place, digest);
      const known = kept.get(key);
      if (known?.source !== 'given') return load(key, digest);
      cache.used(key);
      return known;
    },
    add(place, links) {
      for (const link of links) {
        const key = linkKey(place, link.digest);
        const known = kept.get(key);
        if (known !== undefined && !saysMore(link, known)) continue;
        kept.set(key, link);
        changes.after(key, `${place.repository}: ${link.digest}`, () => write(key, place, link));
      }
    },
    doubt(place, digest, what) {
      const key = linkKey(place, digest);
      if (kept.get(key)?.source === 'given' && what === 'stated') return;
      kept.delete(key);
      changes.after(key, `${place.repository}: ${digest}`, () => cache.drop(key));
    },
    settled: () => changes.settled(),
  };
}

/** What upstream gave as a manifest has a type as well; nothing else replaces what it gave. */
function saysMore(link: Link, known: Link): boolean {
  if (link.source === 'stated') return false;
  return known.source === 'stated' || (link.kind === 'manifest' && known.kind === 'blob');
}

/** Changes of records, those of one in the order in which they were asked for. */
interface Changes {
  after(key: string, subject: string, change: () => Promise<void>): void;
  settled(): Promise<void>;
}

function createChanges(onNotKept: LinksContext['onNotKept']): Changes {
  const last = new Map<string, Promise<void>>();
  return {
    after(key, subject, change) {
      const run: Promise<void> = (last.get(key) ?? Promise.resolve())
        .then(change)
        .catch((error: unknown) => onNotKept(subject, error))
        .finally(() => {
          if (last.get(key) === run) last.delete(key);
        });
      last.set(key, run);
    },
    async settled() {
      while (last.size > 0) await Promise.all(last.values());
    },
  };
}

export function decodeLink(value: unknown, digest: OciDigest): Link | null {
  if (typeof value !== 'object' || value === null) return null;
  const record = value as Partial<Record<keyof Link, unknown>>;
  const { sizeBytes, kind, mediaType, source } = record;
  const isRight =
    record.digest === digest &&
    isOciDigest(digest) &&
    Number.isSafeInteger(sizeBytes) &&
    Number(sizeBytes) >= 0 &&
    (kind === 'manifest' || kind === 'blob') &&
    (mediaType === null || typeof mediaType === 'string') &&
    (source === 'given' || source === 'stated');
  if (!isRight) return null;
  return { digest, sizeBytes: Number(sizeBytes), kind, mediaType, source };
}
