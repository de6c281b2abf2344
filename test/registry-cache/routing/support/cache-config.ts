import {
  type CacheConfig,
  loadCacheConfig,
} from '../../../../registry-cache/config/cache-config.ts';
import { routeRequest } from '../../../../registry-cache/routing/route-request.ts';
import type { RoutedRequest } from '../../../../registry-cache/routing/routed-request.ts';
import { AshlarError } from '../../../../src/errors/ashlar-error.ts';

/** The known registries, and one with a port. */
export const config: CacheConfig = await loadCacheConfig(null, {
  upstreams: ['registry.example:5000=https://registry.example:5000'],
});

export const sha256 = `sha256:${'0a'.repeat(32)}`;
export const sha512 = `sha512:${'0a'.repeat(64)}`;

export function route(url: string | undefined, method = 'GET'): RoutedRequest {
  return routeRequest({ method, url, config });
}

/** What a request was understood as, in few words. */
export function routed(url: string | undefined, method = 'GET'): string {
  try {
    return wordsOf(route(url, method));
  } catch (error) {
    if (error instanceof AshlarError) return error.code;
    throw error;
  }
}

function wordsOf(request: RoutedRequest): string {
  switch (request.kind) {
    case 'manifest': {
      const { registry, repository, reference } = request;
      const name = `${registry.name}/${repository}`;
      return `manifest ${name}${reference.kind === 'tag' ? `:${reference.tag}` : `@${reference.digest}`}`;
    }
    case 'blob':
      return `blob ${request.registry.name}/${request.repository}@${request.digest}`;
    case 'tags':
      return `tags ${request.registry.name}/${request.repository} ${request.n} ${request.last}`;
    case 'referrers':
      return `referrers ${request.registry.name}/${request.repository}@${request.digest} ${request.artifactType}`;
    case 'push':
      return request.repository === null
        ? 'push'
        : `push ${request.repository.registry.name}/${request.repository.repository}`;
    default:
      return request.kind;
  }
}
