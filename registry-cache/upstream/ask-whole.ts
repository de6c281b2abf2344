import {
  bookResponse,
  type RequestLedger,
  type UpstreamResponse,
  withRetries,
} from '../../src/network.ts';
import type { Grants } from '../access/grants.ts';
import type { CacheContext } from '../cache-context.ts';
import { type Asked, refusalOf } from './refusal.ts';
import { retryPlan } from './retry-plan.ts';

export interface WholeRequest<T> {
  readonly asked: Asked;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly ledger: RequestLedger;
  /** Reads the body of a 200. Throws an `AttemptFailure` for what is worth another try. */
  readonly read: (response: UpstreamResponse) => Promise<T>;
}

/**
 * Fetches a small document of a repository, again where its body breaks off or is wrong, and notes what the answer says of who
 * may read it. Throws what `refusalOf` makes of other answers, and upstream's failures.
 */
export async function askWhole<T>(
  { context, grants }: { readonly context: CacheContext; readonly grants: Grants },
  { asked, path, headers = {}, ledger, read }: WholeRequest<T>,
): Promise<T> {
  const { sources, settings, signal } = context;
  const { place } = asked;
  await grants.admit(place, { probe: asked, ledger, signal });
  const timeoutMs = settings.fetchTimeoutMs;
  let turn = -1;
  const once = async (): Promise<T> => {
    turn += 1;
    const asking = { place, path, headers, timeoutMs, turn, signal, ledger };
    const request = { method: 'GET', ...asking } as const;
    const response = await grants.heed(place, () => sources.ask(request));
    bookResponse(ledger, response);
    if (response.status === 200) return ledger.span('upstream', () => read(response));
    await response.discard();
    throw refusalOf(response, asked);
  };
  const plan = retryPlan(context, asked);
  const value = await withRetries(plan, once);
  await grants.confirm(place);
  return value;
}
