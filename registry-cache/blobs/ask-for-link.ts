import {
  AttemptFailure,
  bareMediaType,
  bookResponse,
  type OciDigest,
  type RequestLedger,
  type UpstreamResponse,
  withRetries,
} from '../../src/network.ts';
import type { Grants } from '../access/grants.ts';
import type { CacheContext } from '../cache-context.ts';
import type { Place } from '../store/cache-keys.ts';
import type { Link, Links } from '../store/links.ts';
import { refusalOf } from '../upstream/refusal.ts';
import { retryPlan } from '../upstream/retry-plan.ts';

export interface LinkQuestion {
  readonly place: Place;
  readonly digest: OciDigest;
  readonly ledger: RequestLedger;
}

export interface LinkAsker {
  readonly context: CacheContext;
  readonly grants: Grants;
  readonly links: Links;
}

/**
 * Asks upstream whether the repository has a blob, and of which size, and takes note of it. Throws `blob_unknown`,
 * `registry_auth_required`, `registry_corrupt` for a page in place of a blob, and upstream's failures.
 */
export async function askForLink(
  { context, grants, links }: LinkAsker,
  question: LinkQuestion,
): Promise<Link> {
  const { place, digest, ledger } = question;
  const asked = { place, what: 'blob', reference: digest } as const;
  await grants.admit(place, { probe: asked, ledger, signal: context.signal });
  const plan = retryPlan(context, asked);
  const sizeBytes = await withRetries(plan, () => askForSize({ context, grants }, question));
  const link: Link = { digest, sizeBytes, kind: 'blob', mediaType: null, source: 'given' };
  await grants.confirm(place);
  links.add(place, [link]);
  return link;
}

/**
 * Some registries do not know of HEAD what they give by GET (Harbor as a cache): there a GET is asked, whose body is not read.
 */
async function askForSize(
  { context, grants }: Pick<LinkAsker, 'context' | 'grants'>,
  { place, digest, ledger }: LinkQuestion,
): Promise<number> {
  const { sources, settings, signal } = context;
  const request = {
    place,
    path: `blobs/${digest}`,
    headers: { accept: '*/*' },
    timeoutMs: settings.fetchTimeoutMs,
    signal,
    ledger,
  };
  const ask = async (method: 'HEAD' | 'GET'): Promise<UpstreamResponse> => {
    const response = await grants.heed(place, () => sources.ask({ method, ...request }));
    bookResponse(ledger, response);
    await response.discard();
    return response;
  };
  const head = await ask('HEAD');
  const isUnsure = [200, 404, 405].includes(head.status);
  const response = lengthOf(head) === null && isUnsure ? await ask('GET') : head;
  const length = lengthOf(response);
  if (length !== null) return length;
  throw refusalOf(response, { place, what: 'blob', reference: digest });
}

/** Null where it is no blob that was found, or it is not said how long it is. */
function lengthOf(response: UpstreamResponse): number | null {
  if (response.status !== 200) return null;
  if (bareMediaType(response.header('content-type') ?? '') === 'text/html')
    throw new AttemptFailure(`${response.url.host} sent a page in place of a blob`, {
      code: 'registry_corrupt',
      isPassing: true,
    });
  const length = response.header('content-length') ?? '';
  return /^\d{1,15}$/.test(length) ? Number(length) : null;
}
