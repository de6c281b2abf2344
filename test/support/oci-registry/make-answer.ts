import type { IncomingHttpHeaders } from 'node:http';
import type { Access } from './access.ts';
import { type Answer, failure, json, redirect } from './answer.ts';
import { bytesOf } from './bytes.ts';
import type { Cdn } from './cdn.ts';
import { fallbackIndex, referrersAnswer, tagsAnswer } from './list-answers.ts';
import type { RateLimit } from './rate-limit.ts';
import type { RegistryContent } from './registry-content.ts';
import type { RegistrySettings } from './registry-options.ts';
import type { Route } from './route.ts';

export interface AnswerSource {
  readonly content: RegistryContent;
  readonly access: Access;
  readonly settings: RegistrySettings;
  readonly rateLimit: RateLimit | null;
  /** Null where blobs are answered by the registry itself. */
  readonly cdn: Cdn | null;
  /** `http://127.0.0.2:PORT`. */
  readonly cdnOrigin: string;
  readonly tokenOrigin: string;
}

export interface AnswerRequest {
  readonly route: Route;
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  /** Address of the client. */
  readonly client: string;
}

/** The right answer, of which ranges and conditions are still to be looked at. */
export function makeAnswer(source: AnswerSource, request: AnswerRequest): Answer {
  const { route, method, url, headers } = request;
  const { authorization } = headers;
  switch (route.kind) {
    case 'loop':
      return redirect(307, route.hop === 'a' ? '/loop/b' : '/loop/a');
    case 'token': {
      const asked = { method, authorization, query: url.searchParams };
      return source.access.answerToken(source.settings.auth ?? { scheme: 'none' }, asked);
    }
    case 'cdn':
      return source.cdn?.check(url, route, authorization) ?? blobAnswer(source, route);
    default: {
      const answer = registryAnswer(source, request);
      const apiVersion = { 'docker-distribution-api-version': 'registry/2.0' };
      return { ...answer, headers: { ...apiVersion, ...answer.headers } };
    }
  }
}

function registryAnswer(source: AnswerSource, request: AnswerRequest): Answer {
  const { route, method, headers } = request;
  const { settings } = source;
  if (method !== 'GET' && method !== 'HEAD') return failure(405, 'UNSUPPORTED');
  if (route.kind === 'unknown') return failure(404, 'NAME_UNKNOWN');
  if (route.kind === 'bad') return failure(400, route.code);
  const repository = 'repository' in route ? route.repository : null;
  const refusal = source.access.check(settings.auth ?? { scheme: 'none' }, {
    authorization: headers.authorization,
    repository,
    realm: `${source.tokenOrigin}/token`,
  });
  if (refusal !== null) return refusal;
  if (method === 'HEAD' && settings.heads === 'refused') return failure(405, 'UNSUPPORTED');
  if (repository !== null && !source.content.has(repository)) return failure(404, 'NAME_UNKNOWN');
  return contentAnswer(source, request);
}

function contentAnswer(source: AnswerSource, request: AnswerRequest): Answer {
  const { route, method, url } = request;
  const { content, settings, cdn } = source;
  const list = { content, settings, query: url.searchParams };
  switch (route.kind) {
    case 'manifest':
      return limitedManifest(source, request, route);
    case 'blob': {
      if (method === 'HEAD' && settings.heads === 'blobs-missing')
        return failure(404, 'BLOB_UNKNOWN');
      const isThere = content.blob(route.repository, route.digest) !== null;
      return isThere && cdn !== null
        ? cdn.redirectTo(source.cdnOrigin, route)
        : blobAnswer(source, route);
    }
    case 'tags':
      return tagsAnswer(list, route.repository);
    case 'referrers':
      return referrersAnswer(list, route);
    default:
      return json(200, {});
  }
}

type ManifestRoute = Extract<Route, { kind: 'manifest' }>;

function limitedManifest(
  source: AnswerSource,
  request: AnswerRequest,
  route: ManifestRoute,
): Answer {
  const taken = source.rateLimit?.take(request.method, request.client);
  if (taken?.isExceeded === true) return failure(429, 'TOOMANYREQUESTS', taken.headers);
  const answer = manifestAnswer(source, route, request.headers.accept ?? '');
  return { ...answer, headers: { ...answer.headers, ...taken?.headers } };
}

function manifestAnswer(source: AnswerSource, route: ManifestRoute, accept: string): Answer {
  const { content, settings } = source;
  const { repository, reference } = route;
  const fallback = settings.referrers === 'tag' ? fallbackIndex(content, route) : null;
  const found = fallback ?? content.manifest(repository, reference);
  if (found === null) return failure(404, 'MANIFEST_UNKNOWN');
  const isWanted = accept.includes(found.mediaType) || accept.includes('*/*');
  if (settings.accept === 'heeded' && !isWanted) return failure(404, 'MANIFEST_UNKNOWN');
  return {
    status: 200,
    headers: { 'content-type': found.mediaType, ...validators(settings, found.digest) },
    body: bytesOf(found.bytes),
  };
}

function blobAnswer(
  { content, settings }: AnswerSource,
  { repository, digest }: { readonly repository: string; readonly digest: string },
): Answer {
  const body = content.blob(repository, digest);
  if (body === null) return failure(404, 'BLOB_UNKNOWN');
  return {
    status: 200,
    headers: {
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      ...validators(settings, digest),
    },
    body,
  };
}

function validators(settings: RegistrySettings, digest: string): Record<string, string> {
  const named = settings.digestHeader === 'left-out' ? {} : { 'docker-content-digest': digest };
  return { etag: `"${digest}"`, ...named };
}
