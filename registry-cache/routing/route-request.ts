import { AshlarError } from '../../src/index.ts';
import { digestProblem, isOciDigest, isTag, type OciDigest } from '../../src/network.ts';
import type { CacheConfig } from '../config/cache-config.ts';
import { chooseRegistry } from './choose-registry.ts';
import { nameRepository } from './repository-name.ts';
import { parseApiPath, type Segments } from './request-path.ts';
import { parseQuery, readArtifactType, readPage } from './request-query.ts';
import type { AskedRepository, ManifestReference, RoutedRequest } from './routed-request.ts';

export interface RequestLine {
  readonly method: string | undefined;
  /** The target as it came over the wire. */
  readonly url: string | undefined;
  readonly config: Pick<CacheConfig, 'byHost' | 'root'>;
}

/**
 * Which registry is asked, and for what. Throws `registry_not_cached`, `repository_name_invalid`, `tag_invalid`, `digest_invalid`,
 * `page_invalid`, and `invalid_request`.
 */
export function routeRequest({ method, url, config }: RequestLine): RoutedRequest {
  const { path, search } = splitTarget(url ?? '');
  const isRead = method === 'GET' || method === 'HEAD';
  const api = parseApiPath(isRead ? path : path.replace(/\/$/, ''));
  if (api === null) return { kind: 'none' };
  const query = parseQuery(search);
  const repositoryOf = (name: Segments): AskedRepository =>
    nameRepository(chooseRegistry(name, { ns: query.getAll('ns'), registries: config }));
  if (!isRead || api.shape === 'upload')
    return {
      kind: 'push',
      repository: 'name' in api ? ifValid(() => repositoryOf(api.name)) : null,
    };
  switch (api.shape) {
    case 'base':
      return { kind: 'ping' };
    case 'catalog':
      return { kind: 'catalog' };
    case 'unknown':
      return { kind: 'none' };
    case 'manifest':
      return { kind: 'manifest', ...repositoryOf(api.name), reference: readReference(api.last) };
    case 'blob':
      return { kind: 'blob', ...repositoryOf(api.name), digest: readDigest(api.last) };
    case 'tags': {
      const list = { path, ns: query.get('ns') };
      return { kind: 'tags', ...repositoryOf(api.name), ...readPage(query), list };
    }
    case 'referrers':
      return {
        kind: 'referrers',
        ...repositoryOf(api.name),
        digest: readDigest(api.last),
        artifactType: readArtifactType(query),
      };
  }
}

/**
 * The path as it is written: nothing is resolved, so what has `..` in it is no name. The host of an absolute form (RFC 9112,
 * section 3.2.2) says how the cache was reached, and nothing else.
 */
function splitTarget(target: string): { path: string; search: string } {
  const [, path = '', search = ''] =
    /^(?:https?:\/\/[^/?#]+)?(\/[^?]*)?(?:\?(.*))?$/is.exec(target) ?? [];
  return { path, search };
}

function readReference(text: string): ManifestReference {
  if (isTag(text)) return { kind: 'tag', tag: text };
  if (text.includes(':')) return { kind: 'digest', digest: readDigest(text) };
  const shown = JSON.stringify(text.slice(0, 200));
  throw new AshlarError('tag_invalid', `${shown} is no tag`, { data: { tag: text.slice(0, 200) } });
}

function readDigest(text: string): OciDigest {
  if (isOciDigest(text)) return text;
  const shown = JSON.stringify(text.slice(0, 200));
  throw new AshlarError('digest_invalid', `${shown} is no digest: ${digestProblem(text)}`, {
    data: { digest: text.slice(0, 200) },
  });
}

/** A push is refused whatever it names. */
function ifValid(read: () => AskedRepository): AskedRepository | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof AshlarError) return null;
    throw error;
  }
}
