import { type Answer, failure, json } from './answer.ts';
import { type Descriptor, type MadeManifest, manifestOf } from './made-content.ts';
import { ociIndex } from './media-types.ts';
import type { RegistryContent } from './registry-content.ts';
import type { RegistrySettings } from './registry-options.ts';

export interface ListRequest {
  readonly content: RegistryContent;
  readonly settings: RegistrySettings;
  readonly query: URLSearchParams;
}

/** Distribution specification, "Listing Tags". */
export function tagsAnswer(request: ListRequest, repository: string): Answer {
  const { content, settings, query } = request;
  const [n, last] = [query.get('n'), query.get('last')];
  if (n !== null && !/^\d+$/.test(n)) return failure(400, 'UNSUPPORTED');
  const all = content.tags(repository).filter((tag) => last === null || tag > last);
  const count = Math.min(n === null ? Infinity : Number(n), settings.pageSize || Infinity);
  const tags = all.slice(0, count);
  const next = new URLSearchParams({ n: `${count}`, last: tags.at(-1) ?? '' });
  const link: Record<string, string> =
    tags.length > 0 && tags.length < all.length
      ? { link: `</v2/${repository}/tags/list?${next.toString()}>; rel="next"` }
      : {};
  return json(200, { name: repository, tags }, link);
}

/** Distribution specification, "Listing Referrers". */
export function referrersAnswer(
  { content, settings, query }: ListRequest,
  { repository, digest }: { readonly repository: string; readonly digest: string },
): Answer {
  if ((settings.referrers ?? 'api') !== 'api') return failure(404, 'NAME_UNKNOWN');
  const type = query.get('artifactType');
  const from = Number(query.get('from') ?? 0);
  const all = content
    .referrers(repository, digest)
    .filter(({ artifactType }) => type === null || artifactType === type);
  const page = all.slice(from, from + (settings.pageSize || Infinity));
  const end = from + page.length;
  const next = new URLSearchParams({
    ...(type === null ? {} : { artifactType: type }),
    from: `${end}`,
  });
  return json(200, referrersIndex(page), {
    'content-type': ociIndex,
    ...(type === null ? {} : { 'oci-filters-applied': 'artifactType' }),
    ...(end < all.length
      ? { link: `</v2/${repository}/referrers/${digest}?${next.toString()}>; rel="next"` }
      : {}),
  });
}

/** The index under a fallback tag (distribution specification, "Referrers Tag Schema"), or null where that is not one. */
export function fallbackIndex(
  content: RegistryContent,
  { repository, reference }: { readonly repository: string; readonly reference: string },
): MadeManifest | null {
  const subject = content.subjects(repository).find((digest) => fallbackTag(digest) === reference);
  if (subject === undefined) return null;
  return manifestOf(referrersIndex(content.referrers(repository, subject)));
}

export function fallbackTag(digest: string): string {
  const [algorithm = '', encoded = ''] = digest.split(':');
  return `${algorithm.slice(0, 32)}-${encoded.slice(0, 64)}`;
}

function referrersIndex(manifests: readonly Descriptor[]): {
  mediaType: string;
  [field: string]: unknown;
} {
  return { schemaVersion: 2, mediaType: ociIndex, manifests };
}
