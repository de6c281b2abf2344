import { AshlarError } from '../../src/index.ts';
import { type Answer, mediaTypes } from '../../src/network.ts';
import type { View } from '../access/view.ts';
import type { CacheCore } from '../cache-core.ts';
import { filterReferrers } from '../routing/referrers-filter.ts';
import type {
  AskedRepository,
  ReferrersRequest,
  RoutedRequest,
  TagsRequest,
} from '../routing/routed-request.ts';
import { pageTags } from '../routing/tag-page.ts';
import type { Place } from '../store/cache-keys.ts';
import type { CacheExchange } from './cache-exchange.ts';
import { blobAnswer } from './serve-blob.ts';
import { manifestAnswer } from './serve-manifest.ts';
import { staleHeaders } from './stale-headers.ts';

export interface AnswerOptions {
  readonly core: CacheCore;
  /** Who reads. */
  readonly viewOf: (asked: AskedRepository) => View;
}

/** Makes the answer to a request that is understood. Throws what the request is refused with. */
export async function answerRequest(
  { core, viewOf }: AnswerOptions,
  routed: RoutedRequest,
  exchange: CacheExchange,
): Promise<Answer> {
  const placeOf = (asked: AskedRepository): Place => ({
    view: viewOf(asked),
    repository: asked.repository,
  });
  switch (routed.kind) {
    case 'ping':
      return pingAnswer;
    case 'manifest':
      return manifestAnswer(
        core,
        { place: placeOf(routed), reference: routed.reference },
        exchange,
      );
    case 'blob':
      return blobAnswer(core, { place: placeOf(routed), digest: routed.digest }, exchange);
    case 'tags':
      return tagsAnswer(core, { place: placeOf(routed), routed }, exchange);
    case 'referrers':
      return referrersAnswer(core, { place: placeOf(routed), routed }, exchange);
    case 'push':
      throw new AshlarError('push_refused', pushProblem(routed.repository));
    case 'catalog':
      throw new AshlarError('endpoint_unsupported', 'this cache has no list of all repositories');
    case 'none':
      throw new AshlarError('endpoint_unsupported', 'there is nothing at this path');
  }
}

const json = { 'content-type': 'application/json' } as const;

const pingAnswer: Answer = { status: 200, headers: json, body: Buffer.from('{}\n'), state: 'hit' };

function pushProblem(asked: AskedRepository | null): string {
  const name = asked === null ? 'nothing' : `${asked.registry.name}/${asked.repository}`;
  return `${name} can${asked === null ? '' : 'not'} be changed through this cache`;
}

async function tagsAnswer(
  core: CacheCore,
  { place, routed }: { readonly place: Place; readonly routed: TagsRequest },
  { ledger, signal, nowMs }: CacheExchange,
): Promise<Answer> {
  const found = await core.tagLists.find({ place }, { ledger, signal, freshness: 'current' });
  const { tags, link } = pageTags(found.record.tags, routed);
  const body = Buffer.from(`${JSON.stringify({ name: nameIn(routed), tags })}\n`);
  const more = link === null ? {} : { link };
  const headers = { ...json, ...staleHeaders(found, nowMs()), ...more };
  return { status: 200, headers, body, state: found.state };
}

/** The repository as the client named it: clients compare. */
function nameIn({ list }: TagsRequest): string {
  return decodeURIComponent(list.path.replace(/^\/v2\//, '').replace(/\/tags\/list$/, ''));
}

async function referrersAnswer(
  core: CacheCore,
  { place, routed }: { readonly place: Place; readonly routed: ReferrersRequest },
  { ledger, signal, nowMs }: CacheExchange,
): Promise<Answer> {
  const { digest, artifactType } = routed;
  const ask = { ledger, signal, freshness: 'current' } as const;
  const found = await core.referrers.find({ place, digest }, ask);
  const { index, headers } = filterReferrers(found.record.index, artifactType);
  const all = {
    'content-type': mediaTypes.ociIndex,
    ...staleHeaders(found, nowMs()),
    ...headers,
  };
  return { status: 200, headers: all, body: Buffer.from(index), state: found.state };
}
