import { AshlarError } from '../../src/index.ts';
import type { UpstreamResponse } from '../../src/network.ts';
import type { Place } from '../store/cache-keys.ts';

/** What was asked for, in words and as a kind. */
export interface Asked {
  readonly place: Place;
  readonly what: 'manifest' | 'blob' | 'tags' | 'referrers';
  /** A tag or digest; empty for lists. */
  readonly reference: string;
}

/** Whether the registry itself has answered: what a place says that it redirects to is no word on who may read what. */
export function isOwnAnswer({ url }: Pick<UpstreamResponse, 'url'>, { view }: Place): boolean {
  return view.registry.endpoints.some(({ origin }) => origin === url.origin);
}

/** What an answer means that is neither success nor trouble that passes. */
export function refusalOf(response: UpstreamResponse, asked: Asked): AshlarError {
  const { status, url } = response;
  const name = nameOf(asked);
  const data = { image: name, status };
  const isOwn = isOwnAnswer(response, asked.place);
  if (isOwn && (status === 401 || status === 403)) {
    const problem = `${url.host} does not let this client read ${name} (status ${status})`;
    return new AshlarError('registry_auth_required', problem, { data });
  }
  if (isOwn && status === 404) {
    return new AshlarError(absenceOf(asked.what), `${url.host} has no ${name}`, { data });
  }
  const problem = `${url.host} answered ${status} when asked for ${name}`;
  return new AshlarError('registry_unavailable', problem, { data });
}

function absenceOf(
  what: Asked['what'],
): 'blob_unknown' | 'repository_unknown' | 'manifest_unknown' {
  if (what === 'blob') return 'blob_unknown';
  return what === 'tags' ? 'repository_unknown' : 'manifest_unknown';
}

/** `docker.io/library/ubuntu:24.04`, for people. */
export function nameOf({ place: { view, repository }, what, reference }: Asked): string {
  const base = `${view.registry.name}/${repository}`;
  if (reference === '') return `${what} of ${base}`;
  if (what === 'blob') return `blob ${reference} of ${base}`;
  const name = reference.includes(':') ? `${base}@${reference}` : `${base}:${reference}`;
  return what === 'referrers' ? `referrers of ${name}` : name;
}
