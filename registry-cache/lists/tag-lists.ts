import { AshlarError } from '../../src/index.ts';
import {
  AttemptFailure,
  createRefreshed,
  readBody,
  type Refreshed,
  type RequestLedger,
  type UpstreamResponse,
} from '../../src/network.ts';
import type { Grants } from '../access/grants.ts';
import { listsForReaders } from '../access/lists-for-readers.ts';
import type { CacheContext } from '../cache-context.ts';
import { type Place, tagListKey } from '../store/cache-keys.ts';
import { documentRules } from '../upstream/document-rules.ts';
import { askWhole } from '../upstream/ask-whole.ts';
import { nextPage } from './next-page.ts';

/** A repository whose tags are asked for. */
export interface Listed {
  readonly place: Place;
}

/** All tags of a repository. */
export interface TagList {
  /** Sorted by code units, each once. */
  readonly tags: readonly string[];
  readonly checkedAtMs: number;
}

/** What each takes in memory besides its letters, roughly. */
const tagBytes = 40;
const pageSize = 1_000;
/** Some registries give 50 to a page, whatever is asked for. */
const maxPages = 1_000;
const maxPageBytes = 4 * 1024 ** 2;
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/**
 * The tags of repositories, fetched to the last page and kept whole, so that pages of any size can be cut from them whatever
 * upstream makes of `n` and `last`.
 */
export function createTagLists(context: CacheContext, grants: Grants): Refreshed<Listed, TagList> {
  const { cache, waiting } = context;
  const lists = createRefreshed<Listed, TagList>(context, {
    keyOf: ({ place }) => tagListKey(place),
    ...documentRules(context),
    withdrawnWith: (target) => [target],
    sizeBytes: ({ tags }) => tags.reduce((sum, tag) => sum + tag.length + tagBytes, tagBytes),
    load: async ({ place }) => decodeTagList(await cache.readRecord(tagListKey(place))),
    save: ({ place }, record) =>
      cache.writeRecord(tagListKey(place), { repository: place.repository, ...record }),
    drop: ({ place }) => cache.drop(tagListKey(place)),
    async fetch({ place }, { ledger }) {
      const tags = await fetchTags({ context, grants }, place, ledger);
      return { record: { tags, checkedAtMs: waiting.nowMs() }, outcome: 'fetched' };
    },
  });
  return listsForReaders(lists, { context, grants, probe: { what: 'tags', reference: '' } });
}

async function fetchTags(
  source: { readonly context: CacheContext; readonly grants: Grants },
  place: Place,
  ledger: RequestLedger,
): Promise<readonly string[]> {
  const asked = { place, what: 'tags', reference: '' } as const;
  const tags = new Set<string>();
  let path: string | null = `tags/list?n=${pageSize}`;
  for (let page = 0; path !== null; page += 1) {
    if (page === maxPages) {
      const problem = `${place.repository} has more than ${maxPages} pages of tags`;
      throw new AshlarError('registry_body_too_large', problem);
    }
    const before = tags.size;
    const answer: TagPage = await askWhole(source, { asked, path, ledger, read: readPage });
    for (const tag of answer.tags) tags.add(tag);
    // A registry that begins again with each page would never end.
    path =
      tags.size === before
        ? null
        : nextPage(answer.link, { repository: place.repository, list: 'tags/list' });
  }
  return [...tags].toSorted();
}

interface TagPage {
  readonly tags: readonly string[];
  readonly link: string | null;
}

async function readPage(response: UpstreamResponse): Promise<TagPage> {
  const bytes = await readBody(response, maxPageBytes);
  return { tags: readTags(bytes, response.url.host), link: response.header('link') };
}

function readTags(bytes: Buffer, host: string): readonly string[] {
  try {
    const { tags } = JSON.parse(bytes.toString('utf8')) as { tags?: unknown };
    if (tags === null) return [];
    if (Array.isArray(tags))
      return tags.filter((tag) => typeof tag === 'string' && tagPattern.test(tag));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  throw new AttemptFailure(`${host} sent no list of tags`, {
    code: 'registry_corrupt',
    isPassing: true,
  });
}

export function decodeTagList(value: unknown): TagList | null {
  if (typeof value !== 'object' || value === null) return null;
  const { tags, checkedAtMs } = value as Record<string, unknown>;
  if (!Array.isArray(tags) || !Number.isFinite(checkedAtMs)) return null;
  return { tags: tags.filter((tag) => typeof tag === 'string'), checkedAtMs: Number(checkedAtMs) };
}
