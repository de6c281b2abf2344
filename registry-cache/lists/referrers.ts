import { hasCode } from '../../src/index.ts';
import {
  AttemptFailure,
  bareMediaType,
  createRefreshed,
  mediaTypes,
  type OciDigest,
  readBody,
  type Refreshed,
  type RequestLedger,
  type UpstreamResponse,
} from '../../src/network.ts';
import type { Grants } from '../access/grants.ts';
import type { CacheContext } from '../cache-context.ts';
import type { Manifests } from '../manifests/manifests.ts';
import { type Place, referrersKey } from '../store/cache-keys.ts';
import { documentRules } from '../upstream/document-rules.ts';
import { askWhole } from '../upstream/ask-whole.ts';

export interface Subject {
  readonly place: Place;
  readonly digest: OciDigest;
}

/** What refers to a digest: an index, as upstream gives it. */
export interface Referrers {
  /** JSON. */
  readonly index: string;
  readonly checkedAtMs: number;
}

export interface ReferrersOptions {
  readonly context: CacheContext;
  readonly grants: Grants;
  readonly manifests: Manifests;
}

const maxIndexBytes = 4 * 1024 ** 2;

/**
 * Lists of referrers (OCI distribution-spec 1.1, "Listing Referrers"). A registry that has no such list answers 404: then the
 * index under the fallback tag is taken, and an empty one where there is none either. No failure ever becomes an empty list: that
 * would say that an image is not signed.
 */
export function createReferrers(options: ReferrersOptions): Refreshed<Subject, Referrers> {
  const { cache, waiting } = options.context;
  return createRefreshed<Subject, Referrers>(options.context, {
    keyOf: ({ place, digest }) => referrersKey(place, digest),
    ...documentRules(options.context),
    withdrawnWith: (target) => [target],
    sizeBytes: ({ index }) => index.length,
    load: async ({ place, digest }) =>
      decodeReferrers(await cache.readRecord(referrersKey(place, digest))),
    save: ({ place, digest }, record) =>
      cache.writeRecord(referrersKey(place, digest), {
        repository: place.repository,
        digest,
        ...record,
      }),
    drop: ({ place, digest }) => cache.drop(referrersKey(place, digest)),
    async fetch({ place, digest }, { ledger }) {
      const index = await fetchIndex(options, { place, digest }, ledger);
      return { record: { index, checkedAtMs: waiting.nowMs() }, outcome: 'fetched' };
    },
  });
}

async function fetchIndex(
  { context, grants, manifests }: ReferrersOptions,
  { place, digest }: Subject,
  ledger: RequestLedger,
): Promise<string> {
  try {
    return await askWhole(
      { context, grants },
      {
        asked: { place, what: 'referrers', reference: digest },
        path: `referrers/${digest}`,
        headers: { accept: mediaTypes.ociIndex },
        ledger,
        read: readIndex,
      },
    );
  } catch (error) {
    if (!hasCode(error, 'manifest_unknown')) throw error;
  }
  try {
    const { bytes } = await manifests.fetch(place, fallbackTag(digest), ledger);
    return bytes.toString('utf8');
  } catch (error) {
    if (!hasCode(error, 'manifest_unknown')) throw error;
    return emptyIndex;
  }
}

async function readIndex(response: UpstreamResponse): Promise<string> {
  const text = (await readBody(response, maxIndexBytes)).toString('utf8');
  const type = bareMediaType(response.header('content-type') ?? mediaTypes.ociIndex);
  if (type === mediaTypes.ociIndex && isIndex(text)) return text;
  throw new AttemptFailure(`${response.url.host} sent no list of referrers, but ${type}`, {
    code: 'registry_corrupt',
    isPassing: true,
  });
}

function isIndex(text: string): boolean {
  try {
    const value = JSON.parse(text) as { manifests?: unknown } | null;
    return Array.isArray(value?.manifests);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** "Referrers Tag Schema": a digest as a tag. */
function fallbackTag(digest: OciDigest): string {
  const [algorithm = '', hex = ''] = digest.split(':');
  return `${algorithm.slice(0, 32)}-${hex.slice(0, 64)}`;
}

const emptyIndex = JSON.stringify({
  schemaVersion: 2,
  mediaType: mediaTypes.ociIndex,
  manifests: [],
});

export function decodeReferrers(value: unknown): Referrers | null {
  if (typeof value !== 'object' || value === null) return null;
  const { index, checkedAtMs } = value as Record<string, unknown>;
  if (typeof index !== 'string' || !Number.isFinite(checkedAtMs)) return null;
  return { index, checkedAtMs: Number(checkedAtMs) };
}
