import type { TagsRequest } from './routed-request.ts';

export interface TagPage {
  readonly tags: readonly string[];
  /** The value of a Link header that leads to the next page (RFC 8288); null on the last one. */
  readonly link: string | null;
}

/**
 * Cuts a page out of all tags of a repository (OCI distribution-spec 1.1, "Listing Tags"), which have to be sorted by code units
 * and be there once each. `last` need not be among them. With n = 0 there is nothing, and no next page.
 */
export function pageTags(
  tags: readonly string[],
  { n, last, list }: Pick<TagsRequest, 'n' | 'last' | 'list'>,
): TagPage {
  const start = last === null ? 0 : firstBehind(tags, last);
  const end = n === null ? tags.length : Math.min(start + n, tags.length);
  const page = tags.slice(start, end);
  const next = page.at(-1);
  if (n === null || next === undefined || end === tags.length) return { tags: page, link: null };
  const query = new URLSearchParams({
    n: String(n),
    last: next,
    ...(list.ns === null ? {} : { ns: list.ns }),
  });
  return { tags: page, link: `<${list.path}?${query.toString()}>; rel="next"` };
}

function firstBehind(tags: readonly string[], last: string): number {
  let low = 0;
  let high = tags.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((tags[middle] ?? '') <= last) low = middle + 1;
    else high = middle;
  }
  return low;
}
