import type { RequestLedger, UpstreamResponse } from '../../src/network.ts';
import type { CacheContext } from '../cache-context.ts';
import type { Place } from '../store/cache-keys.ts';
import { refusalOf } from '../upstream/refusal.ts';
import type { GrantAsk, Grants } from './grants.ts';
import { type KeptGrants, readerOf } from './kept-grants.ts';

export interface ProbeOptions {
  readonly context: Pick<CacheContext, 'sources' | 'settings' | 'signal'>;
  readonly kept: KeptGrants;
  readonly heed: Grants['heed'];
}

interface Question {
  readonly path: string;
  readonly method: 'GET' | 'HEAD';
}

const list: Question = { path: 'tags/list?n=1', method: 'GET' };

/**
 * Asks upstream whether a view may read a repository, without the bytes of what is wanted, and takes note of what it says. Throws
 * what `refusalOf` makes of a refusal, and upstream's failures.
 */
export async function probeGrant(
  options: ProbeOptions,
  place: Place,
  { probe, ledger }: Pick<GrantAsk, 'probe' | 'ledger'>,
): Promise<void> {
  const { kept } = options;
  const isList = probe.what === 'tags' || probe.what === 'referrers';
  const content: Question = { path: `${probe.what}s/${probe.reference}`, method: 'HEAD' };
  let response = await answerTo(options, place, { ...(isList ? list : content), ledger });
  // What upstream has no longer may be kept all the same: whether the repository may be read is another question.
  if (response.status === 404 && readerOf(place) === 'public' && !isList) {
    const listed = await answerTo(options, place, { ...list, ledger });
    if (listed.status === 200) response = listed;
  }
  if (response.status === 200) return kept.confirm(place);
  const isHidden = response.status === 404 && readerOf(place) === 'credential';
  if (isHidden) await kept.revoke(place);
  throw refusalOf(response, { place, ...probe });
}

async function answerTo(
  { context: { sources, settings, signal }, heed }: ProbeOptions,
  place: Place,
  question: Question & { readonly ledger: RequestLedger },
): Promise<UpstreamResponse> {
  const as = isForAnybody(place) ? 'anybody' : 'view';
  const timeoutMs = settings.fetchTimeoutMs;
  const response = await heed(place, () =>
    sources.ask({ ...question, place, as, timeoutMs, signal }),
  );
  await response.discard();
  return response;
}

/** The operator's credential is shown for these, but what it alone lets in is not given to anybody. */
export function isForAnybody({ view }: Place): boolean {
  const { credential, credentialFor } = view.registry;
  return view.credential === null && credential.kind !== 'none' && credentialFor === 'public';
}
