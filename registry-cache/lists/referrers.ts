import { AshlarError, hasCode } from '../../src/index.ts';
import {
  AttemptFailure,
  bareMediaType,
  createRefreshed,
  maxManifestBytes,
  mediaTypes,
  type OciDigest,
  readBody,
  type Refreshed,
  type RequestLedger,
  type UpstreamResponse,
} from '../../src/network.ts';
import type { Grants } from '../access/grants.ts';
import { listsForReaders } from '../access/lists-for-readers.ts';
import type { CacheContext } from '../cache-context.ts';
import type { Manifests } from '../manifests/manifests.ts';
import { formatIndex } from '../routing/referrers-filter.ts';
import { type Place, referrersKey } from '../store/cache-keys.ts';
import { digestParts } from '../store/digest-parts.ts';
import { documentRules } from '../upstream/document-rules.ts';
import { askWhole } from '../upstream/ask-whole.ts';
import { nameOf } from '../upstream/refusal.ts';
import { nextPage } from './next-page.ts';

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

/** Of an image that everybody signs, with some to a page. */
const maxPages = 100;
/** An index of referrers is a manifest, which clients take no more of. */
const maxIndexBytes = maxManifestBytes;

/**
 * Lists of referrers (OCI distribution-spec 1.1, "Listing Referrers"). A registry that has no such list answers 404: then the
 * index under the fallback tag is taken, and an empty one where there is none either. No failure ever becomes an empty list: that
 * would say that an image is not signed.
 */
export function createReferrers(options: ReferrersOptions): Refreshed<Subject, Referrers> {
  const { cache, waiting } = options.context;
  const lists = createRefreshed<Subject, Referrers>(options.context, {
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
  return listsForReaders(lists, { ...options, probe: { what: 'referrers', reference: '' } });
}

async function fetchIndex(
  options: ReferrersOptions,
  subject: Subject,
  ledger: RequestLedger,
): Promise<string> {
  const listed = await fetchPages(options, subject, ledger);
  if (listed !== null) return listed;
  try {
    return await fetchTagged(options, subject, ledger);
  } catch (error) {
    if (!hasCode(error, 'manifest_unknown')) throw error;
    return emptyIndex;
  }
}

/** The index as it came where it is one page, else the first one with what all of them list. Null where upstream has no such list. */
async function fetchPages(
  options: ReferrersOptions,
  subject: Subject,
  ledger: RequestLedger,
): Promise<string | null> {
  const { repository } = subject.place;
  const list = `referrers/${subject.digest}`;
  const first = await fetchFirst(options, { subject, path: list }, ledger);
  if (first === null) return null;
  const pages = [first];
  const asked = new Set([list]);
  let sizeBytes = first.text.length;
  for (let path = nextPage(first.link, { repository, list }); path !== null;) {
    // Part of a list would say that the rest is not there.
    if (asked.has(path) || asked.size === maxPages || sizeBytes > maxIndexBytes) {
      const problem = `has no end after ${asked.size} pages with ${sizeBytes} bytes`;
      throw new AshlarError('registry_body_too_large', `${repository}: ${list} ${problem}`);
    }
    asked.add(path);
    const page = await fetchFurther(options, { subject, path }, ledger);
    pages.push(page);
    sizeBytes += page.text.length;
    path = nextPage(page.link, { repository, list });
  }
  if (pages.length === 1) return first.text;
  const manifests = pages.flatMap(({ index }) => index.manifests);
  return formatIndex({ ...first.index, manifests });
}

/** Null where upstream has no such list. */
async function fetchFirst(
  options: ReferrersOptions,
  page: PageName,
  ledger: RequestLedger,
): Promise<IndexPage | null> {
  try {
    return await fetchPage(options, page, ledger);
  } catch (error) {
    if (!hasCode(error, 'manifest_unknown')) throw error;
    return null;
  }
}

/** That a page is not there to which upstream itself leads says nothing of the list. */
async function fetchFurther(
  options: ReferrersOptions,
  page: PageName,
  ledger: RequestLedger,
): Promise<IndexPage> {
  try {
    return await fetchPage(options, page, ledger);
  } catch (error) {
    if (!hasCode(error, 'manifest_unknown')) throw error;
    const problem = `${page.path} is not there, although upstream leads to it`;
    throw new AshlarError('registry_unavailable', problem, { cause: error });
  }
}

interface PageName {
  readonly subject: Subject;
  readonly path: string;
}

function fetchPage(
  { context, grants }: ReferrersOptions,
  { subject, path }: PageName,
  ledger: RequestLedger,
): Promise<IndexPage> {
  const { place, digest } = subject;
  const asked = { place, what: 'referrers', reference: digest } as const;
  const headers = { accept: mediaTypes.ociIndex };
  return askWhole({ context, grants }, { asked, path, headers, ledger, read: readPage });
}

interface IndexPage {
  readonly text: string;
  readonly index: Index;
  readonly link: string | null;
}

async function readPage(response: UpstreamResponse): Promise<IndexPage> {
  const text = (await readBody(response, maxIndexBytes)).toString('utf8');
  const type = response.header('content-type') ?? mediaTypes.ociIndex;
  const index = readIndex(text, type);
  if (index !== null) return { text, index, link: response.header('link') };
  throw new AttemptFailure(`${response.url.host} sent no list of referrers, but ${type}`, {
    code: 'registry_corrupt',
    isPassing: true,
  });
}

/** What the fallback tag stands for, which has to be an index too. */
async function fetchTagged(
  { manifests }: ReferrersOptions,
  { place, digest }: Subject,
  ledger: RequestLedger,
): Promise<string> {
  const tag = fallbackTag(digest);
  const { bytes, mediaType } = await manifests.fetch(place, tag, ledger);
  const text = bytes.toString('utf8');
  if (readIndex(text, mediaType) !== null) return text;
  const name = nameOf({ place, what: 'manifest', reference: tag });
  throw new AshlarError('registry_corrupt', `${name} is no list of referrers, but ${mediaType}`);
}

interface Index {
  readonly manifests: readonly unknown[];
}

/** Null for what is no index. */
function readIndex(text: string, type: string): Index | null {
  if (bareMediaType(type) !== mediaTypes.ociIndex) return null;
  try {
    const value = JSON.parse(text) as { manifests?: unknown } | null;
    return Array.isArray(value?.manifests) ? { ...value, manifests: value.manifests } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** "Referrers Tag Schema": a digest as a tag. */
function fallbackTag(digest: OciDigest): string {
  const { algorithm, hex } = digestParts(digest);
  return `${algorithm}-${hex.slice(0, 64)}`;
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
