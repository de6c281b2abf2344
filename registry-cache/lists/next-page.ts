/**
 * The path of the next page of a list, `tags/list?last=b&n=5` for the list `tags/list`: the target of a header
 * `Link: <...>; rel="next"` (RFC 8288), as far as it is this list of this repository. Of it, the query alone is believed. Null on the
 * last page.
 */
export function nextPage(
  link: string | null,
  { repository, list }: { readonly repository: string; readonly list: string },
): string | null {
  const target = /^\s*<([^>]*)>\s*;.*\brel="?next"?/i.exec(link ?? '')?.[1];
  const url = target === undefined ? null : URL.parse(target, 'http://registry/');
  if (url === null || !decoded(url.pathname).endsWith(`${repository}/${list}`)) return null;
  return `${list}${url.search}`;
}

/** Some registries escape the colon of a digest. */
function decoded(path: string): string {
  return path.replaceAll(/%3a/gi, ':');
}
