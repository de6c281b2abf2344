import { AshlarError } from '../../src/index.ts';
import {
  type AttemptFailure,
  bookResponse,
  type RequestLedger,
  type UpstreamResponse,
  withRetries,
} from '../../src/network.ts';
import type { Grants } from '../access/grants.ts';
import type { CacheContext } from '../cache-context.ts';
import { type Asked, nameOf, refusalOf } from './refusal.ts';

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
  const { sources, settings, waiting, retry, signal } = context;
  const { place } = asked;
  await grants.admit(place, { probe: asked, ledger, signal });
  const timeoutMs = settings.fetchTimeoutMs;
  const once = async (): Promise<T> => {
    const request = { method: 'GET', place, path, headers, timeoutMs, signal, ledger } as const;
    const response = await sources.ask(request);
    bookResponse(ledger, response);
    if (response.status === 200) return ledger.span('upstream', () => read(response));
    await response.discard();
    if (response.status === 401 || response.status === 403) await grants.revoke(place);
    throw refusalOf(response, asked);
  };
  const plan = {
    policy: retry,
    waiting,
    signal,
    giveUp: (failure: AttemptFailure, attempts: number) =>
      new AshlarError(
        failure.facts.code,
        `${nameOf(asked)}: ${failure.message}; asked ${attempts} times`,
        { cause: failure },
      ),
  };
  const value = await withRetries(plan, once);
  await grants.confirm(place);
  return value;
}
