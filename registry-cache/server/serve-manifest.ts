import { type Answer, hasTag } from '../../src/network.ts';
import type { CacheCore } from '../cache-core.ts';
import type { FoundManifest } from '../manifests/manifests.ts';
import type { ManifestReference } from '../routing/routed-request.ts';
import type { Place } from '../store/cache-keys.ts';
import type { CacheExchange } from './cache-exchange.ts';
import { staleHeaders } from './stale-headers.ts';

/** The answer with the manifest that a tag points to, or that has a digest: byte for byte as upstream gave it. */
export async function manifestAnswer(
  core: CacheCore,
  { place, reference }: { readonly place: Place; readonly reference: ManifestReference },
  exchange: CacheExchange,
): Promise<Answer> {
  const { ledger, signal, nowMs } = exchange;
  if (reference.kind === 'digest')
    return answerWith(
      await core.manifests.find(place, reference.digest, { ledger, signal }),
      exchange,
    );
  const { tag } = reference;
  const ask = { ledger, signal, freshness: 'current' } as const;
  const found = await core.tags.find({ place, tag }, ask);
  const manifest = await core.manifests.find(place, found.record.digest, { ledger, signal });
  const state = found.state === 'hit' ? manifest.state : found.state;
  return answerWith({ ...manifest, state }, exchange, staleHeaders(found, nowMs()));
}

function answerWith(
  { bytes, mediaType, digest, state }: FoundManifest,
  { request }: CacheExchange,
  more: Readonly<Record<string, string>> = {},
): Answer {
  const etag = `"${digest}"`;
  const headers = {
    'content-type': mediaType,
    'docker-content-digest': digest,
    etag,
    vary: 'Accept',
    ...more,
  };
  if (hasTag(request.headers['if-none-match'], etag))
    return { status: 304, headers, body: null, state };
  return { status: 200, headers, body: bytes, state };
}
