/** What a request to a registry asks for. Names and paths are decoded. */
export type Route =
  | { readonly kind: 'packument'; readonly name: string }
  | { readonly kind: 'version'; readonly name: string; readonly version: string }
  | { readonly kind: 'dist-tags'; readonly name: string }
  | { readonly kind: 'tarball'; readonly name: string; readonly path: string }
  | { readonly kind: 'document'; readonly path: string }
  | { readonly kind: 'keys' | 'search' | 'ping' | 'whoami' | 'advisories' | 'old-audit' }
  | { readonly kind: 'unknown' };

export type RouteKind = Route['kind'];

const fixed: Readonly<
  Record<string, 'keys' | 'search' | 'ping' | 'whoami' | 'advisories' | 'old-audit'>
> = {
  '/-/npm/v1/keys': 'keys',
  '/-/v1/search': 'search',
  '/-/ping': 'ping',
  '/-/whoami': 'whoami',
  '/-/npm/v1/security/advisories/bulk': 'advisories',
  '/-/npm/v1/security/audits': 'old-audit',
  '/-/npm/v1/security/audits/quick': 'old-audit',
};

/** `path` is decoded: no client's way of writing a scope matters. */
export function parseRoute(path: string): Route {
  const known = fixed[path];
  if (known !== undefined) return { kind: known };
  if (path.startsWith('/-/npm/')) return { kind: 'document', path };
  const tags = /^\/-\/package\/((?:@[^/]+\/)?[^/]+)\/dist-tags$/.exec(path);
  if (tags?.[1] !== undefined) return { kind: 'dist-tags', name: tags[1] };
  const parts = /^\/((?:@[^/]+\/)?[^/@][^/]*)(?:\/(.+))?$/.exec(path);
  const [, name, rest] = parts ?? [];
  if (name === undefined || name === '-') return { kind: 'unknown' };
  if (rest === undefined) return { kind: 'packument', name };
  if (rest.startsWith('-/')) return { kind: 'tarball', name, path };
  return { kind: 'version', name, version: rest };
}
