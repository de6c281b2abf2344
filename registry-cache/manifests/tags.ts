import { hasCode } from '../../src/index.ts';
import {
  bookResponse,
  createRefreshed,
  isOciDigest,
  manifestAccept,
  type OciDigest,
  type Refreshed,
  type RequestLedger,
} from '../../src/network.ts';
import type { Grants } from '../access/grants.ts';
import type { CacheContext } from '../cache-context.ts';
import { type Place, tagKey } from '../store/cache-keys.ts';
import { refusalOf } from '../upstream/refusal.ts';
import { documentRules } from '../upstream/document-rules.ts';
import type { Manifests } from './manifests.ts';
import type { ReceivedManifest } from './read-manifest.ts';

export interface TagName {
  readonly place: Place;
  readonly tag: string;
}

/** What a tag pointed to. */
export interface TagRecord {
  readonly digest: OciDigest;
  /** When upstream said so last; milliseconds since 1970. */
  readonly checkedAtMs: number;
}

export interface TagsOptions {
  readonly context: CacheContext;
  readonly grants: Grants;
  readonly manifests: Manifests;
}

/** What one takes in memory, roughly. */
const recordBytes = 400;

/**
 * Tags, confirmed by a HEAD once they are no longer fresh, which does not count against Docker Hub's limit. The first time, the
 * manifest itself is asked for.
 */
export function createTags({
  context,
  grants,
  manifests,
}: TagsOptions): Refreshed<TagName, TagRecord> {
  const { cache, waiting } = context;
  return createRefreshed<TagName, TagRecord>(context, {
    keyOf: ({ place, tag }) => tagKey(place, tag),
    ...documentRules(context),
    withdrawnWith: (target) => [target],
    sizeBytes: () => recordBytes,
    async load({ place, tag }) {
      const record = decodeTag(await cache.readRecord(tagKey(place, tag)));
      if (record === null) return null;
      return (await manifests.kept(place, record.digest)) === null ? null : record;
    },
    save: ({ place, tag }, record) =>
      cache.writeRecord(tagKey(place, tag), { repository: place.repository, tag, ...record }),
    drop: ({ place, tag }) => cache.drop(tagKey(place, tag)),
    async fetch({ place, tag }, { stored, ledger }) {
      const current =
        stored === null ? null : await headDigest(context, { place, tag, grants, ledger });
      const checkedAtMs = waiting.nowMs();
      if (stored !== null && current === stored.digest)
        return { record: { ...stored, checkedAtMs }, outcome: 'confirmed' };
      const { digest } = await manifestFor({ place, tag }, current, { manifests, ledger });
      return { record: { digest, checkedAtMs }, outcome: 'fetched' };
    },
  });
}

/** The manifest of a tag, by the digest that it has at upstream where that is known. */
async function manifestFor(
  { place, tag }: TagName,
  digest: OciDigest | null,
  { manifests, ledger }: Pick<TagsOptions, 'manifests'> & { readonly ledger: RequestLedger },
): Promise<ReceivedManifest> {
  if (digest === null) return manifests.fetch(place, tag, ledger);
  try {
    return (await manifests.kept(place, digest)) ?? (await manifests.fetch(place, digest, ledger));
  } catch (error) {
    // That upstream does not have what it named itself does not say that the tag is gone.
    if (!hasCode(error, 'manifest_unknown')) throw error;
    return manifests.fetch(place, tag, ledger);
  }
}

interface TagHead extends TagName {
  readonly grants: Grants;
  readonly ledger: RequestLedger;
}

/**
 * The digest that a tag has at upstream. Null where that does not answer HEAD as the specification asks, or says that there is
 * nothing: only a GET is to be believed then.
 */
async function headDigest(
  { sources, settings, signal }: CacheContext,
  { place, tag, grants, ledger }: TagHead,
): Promise<OciDigest | null> {
  const asked = { place, what: 'manifest', reference: tag } as const;
  await grants.admit(place, { probe: asked, ledger, signal });
  const response = await grants.heed(place, () =>
    sources.ask({
      method: 'HEAD',
      place,
      path: `manifests/${tag}`,
      headers: { accept: manifestAccept },
      timeoutMs: settings.fetchTimeoutMs,
      signal,
      ledger,
    }),
  );
  bookResponse(ledger, response);
  await response.discard();
  const digest = response.header('docker-content-digest');
  if (response.status === 200) {
    await grants.confirm(place);
    return digest !== null && isOciDigest(digest) ? digest : null;
  }
  if (response.status !== 401 && response.status !== 403) return null;
  throw refusalOf(response, asked);
}

export function decodeTag(value: unknown): TagRecord | null {
  if (typeof value !== 'object' || value === null) return null;
  const { digest, checkedAtMs } = value as Record<string, unknown>;
  if (typeof digest !== 'string' || !isOciDigest(digest)) return null;
  return Number.isFinite(checkedAtMs) ? { digest, checkedAtMs: Number(checkedAtMs) } : null;
}
