import { isDigest } from './digest.ts';

/** What a request asks for (distribution specification, "Endpoints"), on any of the registry's addresses. */
export type Route =
  | { readonly kind: 'ping' | 'token' | 'unknown' }
  | { readonly kind: 'manifest'; readonly repository: string; readonly reference: string }
  | { readonly kind: 'blob'; readonly repository: string; readonly digest: string }
  | { readonly kind: 'tags'; readonly repository: string }
  | { readonly kind: 'referrers'; readonly repository: string; readonly digest: string }
  /** A blob at the CDN, where redirects of blobs lead. */
  | { readonly kind: 'cdn'; readonly repository: string; readonly digest: string }
  /** Leads to another of the same. */
  | { readonly kind: 'loop'; readonly hop: 'a' | 'b' }
  | { readonly kind: 'bad'; readonly code: 'NAME_INVALID' | 'DIGEST_INVALID' | 'MANIFEST_INVALID' };

export type RequestKind = Route['kind'];

/** Which of a registry's addresses a request came to. */
export type Place = 'registry' | 'token' | 'cdn';

const part = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const namePattern = new RegExp(`^${part}(?:/${part})*$`);
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** `path` is without its query. */
export function parseRoute(place: Place, path: string): Route {
  if (path === '/token') return { kind: 'token' };
  if (path === '/loop/a' || path === '/loop/b') {
    return { kind: 'loop', hop: path === '/loop/a' ? 'a' : 'b' };
  }
  const [, cdnRepository, cdnDigest] = /^\/blobs\/(.+)\/([^/]+)$/.exec(path) ?? [];
  if (place === 'cdn' && cdnRepository !== undefined && cdnDigest !== undefined) {
    return { kind: 'cdn', repository: cdnRepository, digest: cdnDigest };
  }
  if (place !== 'registry') return { kind: 'unknown' };
  if (path === '/v2/' || path === '/v2') return { kind: 'ping' };
  return contentRoute(path);
}

function contentRoute(path: string): Route {
  const [, tagged] = /^\/v2\/(.+)\/tags\/list$/.exec(path) ?? [];
  if (tagged !== undefined) return named(tagged, { kind: 'tags', repository: tagged });
  const found = /^\/v2\/(.+)\/(manifests|blobs|referrers)\/([^/]+)$/.exec(path);
  const [, repository, what, rest] = found ?? [];
  if (repository === undefined || rest === undefined) return { kind: 'unknown' };
  if (what === 'manifests') {
    const isReference = rest.includes(':') ? isDigest(rest) : tagPattern.test(rest);
    const code = rest.includes(':') ? 'DIGEST_INVALID' : 'MANIFEST_INVALID';
    if (!isReference) return { kind: 'bad', code };
    return named(repository, { kind: 'manifest', repository, reference: rest });
  }
  if (!isDigest(rest)) return { kind: 'bad', code: 'DIGEST_INVALID' };
  const kind = what === 'blobs' ? 'blob' : 'referrers';
  return named(repository, { kind, repository, digest: rest });
}

function named(repository: string, route: Route): Route {
  return namePattern.test(repository) ? route : { kind: 'bad', code: 'NAME_INVALID' };
}
